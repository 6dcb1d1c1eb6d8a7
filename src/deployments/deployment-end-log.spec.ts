import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DeploymentEndLog } from './deployment-end-log.js';
import { DeploymentEvents } from './deployment-events.js';
import { finish, newDeployment, start, type DeploymentEnd } from './deployment.js';

const error = { code: 'unhealthy', message: 'it is not well' };

describe('DeploymentEndLog', () => {
  const lines: [level: string, message: unknown, facts: unknown][] = [];

  beforeEach(() => {
    for (const level of ['log', 'warn', 'error'] as const)
      jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown, facts: unknown) => {
        lines.push([level, message, facts]);
      });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    lines.length = 0;
  });

  it.each<[string, string, DeploymentEnd]>([
    ['log', 'web: updated to sha256:b', { status: 'succeeded', result: 'updated', toImageId: 'sha256:b' }],
    ['log', 'web: updated to sha256:d', { status: 'succeeded', result: 'updated', digest: 'sha256:d' }],
    ['log', 'web: already up to date', { status: 'succeeded', result: 'up_to_date' }],
    ['warn', 'web: dropped: unhealthy: it is not well', { status: 'dropped', error }],
    [
      'error',
      'web: dropped: interrupted: the next start puts it right',
      { status: 'dropped', error: { code: 'interrupted', message: 'the next start puts it right' } },
    ],
    [
      'warn',
      'web: dropped: interrupted: nothing was touched',
      { status: 'dropped', error: { code: 'interrupted', stage: 'pull', message: 'nothing was touched' } },
    ],
    ['error', 'web: failed: unhealthy: it is not well', { status: 'failed', error }],
    [
      'error',
      'web: rolled back, the old container runs again: unhealthy: it is not well',
      { status: 'rolled_back', error },
    ],
    [
      'error',
      'web: rolled back, the old container is stopped again: unhealthy: it is not well',
      { status: 'rolled_back', error, running: false },
    ],
    [
      'error',
      'web: rolled back, the old tasks run again: unhealthy: it is not well',
      { status: 'rolled_back', error, service: 'web' },
    ],
  ])('writes at the level %s: %s', (level, message, end) => {
    const events = new DeploymentEvents();
    new DeploymentEndLog(events);
    const deployment = finish(start(newDeployment('web', 'ci')), end);
    events.emit({ type: 'finished', deployment, hasRun: true });
    const durationMs: unknown = expect.any(Number);
    const facts: unknown = expect.objectContaining({ deploymentId: deployment.id, status: end.status, durationMs });
    expect(lines).toEqual([[level, message, facts]]);
  });

  it('keeps silent of what ended before it began, and of what another process tells', () => {
    const events = new DeploymentEvents();
    new DeploymentEndLog(events);
    const deployment = finish(newDeployment('web', 'ci'), { status: 'dropped', error });
    events.emit({ type: 'finished', deployment, hasRun: false });
    events.emit({ type: 'finished', deployment, relayed: true });
    events.emit({ type: 'started', deployment: start(newDeployment('web', 'ci')) });
    expect(lines).toEqual([]);
  });
});
