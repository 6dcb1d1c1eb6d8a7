import { describe, expect, it } from '@jest/globals';
import { visibleEvent } from './visible-event.js';
import type { Caller } from '../auth/caller.js';
import type { Action } from '../config/policy/policy.schema.js';
import { finish, newDeployment, start, type FinishedDeployment } from '../deployments/deployment.js';
import { readableBy, shownTo } from '../notify/shown-to.js';

const caller = (...actions: [action: Action, container: string][]): Caller => ({
  id: 'ci',
  address: '127.0.0.1',
  isUnrestricted: false,
  grants: actions.map(([action, container]) => ({ actions: [action], containers: [container] })),
});
const failed = (evidenceOf?: string): FinishedDeployment =>
  finish(start(newDeployment('web', 'ci')), {
    status: 'rolled_back',
    error: { code: 'exited', message: 'it exited', exitCode: 3, healthOutput: 'sick', logTail: ['a line'], evidenceOf },
  });

describe('what a dependent left behind', () => {
  const evidence = { exitCode: 3, healthOutput: 'sick', logTail: ['a line'] };

  it.each<[string, Caller]>([
    ['who may read the target alone', caller(['read', 'web'])],
    ['who may notify the dependent and not read it', caller(['read', 'web'], ['notify', 'sidecar'])],
  ])('is not for %s', (_, reader) => {
    for (const shown of [readableBy(reader, failed('sidecar')), shownTo(reader, failed('sidecar'))])
      expect(shown.error).toEqual({ code: 'exited', message: 'it exited', evidenceOf: 'sidecar' });
    expect(visibleEvent({ type: 'log', deploymentId: 'x', lines: ['a line'], of: 'sidecar' }, 'web', reader)).toBe(
      undefined,
    );
    const finished = visibleEvent({ type: 'finished', deployment: failed('sidecar'), hasRun: true }, 'web', reader);
    expect(JSON.stringify(finished)).not.toContain('a line');
  });

  it.each<[string, Caller]>([
    ['who may read both', caller(['read', 'web'], ['read', 'side*'])],
    ['the holder of SECRET_KEY', { ...caller(), isUnrestricted: true }],
  ])('is for %s', (_, reader) => {
    expect(readableBy(reader, failed('sidecar')).error).toMatchObject(evidence);
    const event = { type: 'log' as const, deploymentId: 'x', lines: ['a line'], of: 'sidecar' };
    expect(visibleEvent(event, 'web', reader)).toEqual(event);
  });

  it('is told apart from what the target left behind', () => {
    expect(readableBy(caller(['read', 'web']), failed()).error).toMatchObject(evidence);
    expect(readableBy(caller(['read', 'web']), failed('web')).error).toMatchObject(evidence);
    expect(shownTo(caller(['notify', 'web'], ['read', 'sidecar']), failed('sidecar')).error).toEqual({
      code: 'exited',
      message: 'it exited',
    });
  });
});
