import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { UpdateError } from '../update/outcome.js';
import { RunningUpdate } from '../update/running-update.js';
import { cutoverFailure, keepsBoth, keptStopped } from './cutover-failure.js';
import type { Member, Members } from './member.js';
import { ProofLapsed } from './proved.js';

const never = new AbortController().signal;
const report = { stage: () => Promise.resolve(), progress: () => undefined, log: () => undefined };
const update = (kind: 'update' | 'rollback' = 'update') =>
  new RunningUpdate(report, { begun: never, nearlyOver: never }, kind);
const member = (name: string, newId: string): Member => ({ pair: { name, newId }, options: {} }) as unknown as Member;
const [target, dependent] = [member('db', 'a'), member('web', 'b')];
const members: Members = [target, dependent];
const exited = (containerId?: string) => new UpdateError('exited', 'prove', 'it exited', { containerId, exitCode: 3 });

describe('cutoverFailure', () => {
  it('blames the image of a replacement that exits', () => {
    expect(cutoverFailure(members, exited('a'), update())).toEqual({
      error: expect.objectContaining({ code: 'exited', message: 'it exited', exitCode: 3 }),
      status: 'rolled_back',
      member: target,
      blamesImage: true,
    });
  });

  it('names the dependent that failed', () => {
    const failure = cutoverFailure(members, exited('b'), update());
    expect(failure).toMatchObject({ member: dependent, dependent: 'web' });
    expect(failure.error.message).toBe('web, which depends on db: it exited');
  });

  it('looks at the target if nobody knows whose replacement failed', () => {
    expect(cutoverFailure(members, exited(), update()).member).toBe(target);
    expect(cutoverFailure(members, new Error('bug'), update())).toMatchObject({ member: target, blamesImage: false });
  });

  it('blames no image in a rollback by request, or if somebody removed the replacement', () => {
    expect(cutoverFailure(members, exited('a'), update('rollback')).blamesImage).toBe(false);
    const gone = new ProofLapsed('exited', 'commit', 'it is gone', { containerId: 'a' });
    expect(cutoverFailure(members, gone, update()).blamesImage).toBe(true);
    gone.isFromOutside = true;
    expect(cutoverFailure(members, gone, update()).blamesImage).toBe(false);
  });

  it('calls an update that the shutdown cut off dropped', () => {
    const interrupted = new UpdateError('interrupted', 'prove', 'the service stops');
    expect(cutoverFailure(members, interrupted, update()).status).toBe('dropped');
  });
});

describe('keepsBoth', () => {
  const [ran, neverRan] = [containerInspect(), containerInspect({ State: { StartedAt: '0001-01-01T00:00:00Z' } })];
  const stop = { onFailure: 'stop' } as Member['options'];

  it('is true only if that was asked for and the replacement ran', () => {
    expect(keepsBoth(stop, ran)).toBe(true);
    expect(keepsBoth(stop, neverRan)).toBe(false);
    expect(keepsBoth(stop, undefined)).toBe(false);
    expect(keepsBoth({ onFailure: 'rollback' } as Member['options'], ran)).toBe(false);
  });
});

describe('keptStopped', () => {
  const pair = { restartPolicy: { Name: 'always' } } as Member['pair'];
  const error = { code: 'exited', stage: 'prove', message: 'it exited' } as const;

  it('says which containers are there and which restart policy was taken away', () => {
    const { code, message } = keptStopped(pair, { old: 'web-upd-kept-1', replacement: 'web' }, error);
    expect(code).toBe('kept_stopped');
    expect(message).toMatch(/keeps the name web, .* kept as web-upd-kept-1\. Its restart policy was always\./);
  });

  it('says who is missing', () => {
    expect(keptStopped(pair, { replacement: 'web' }, error).message).toContain('the old one was removed by somebody');
    expect(keptStopped(pair, { old: 'o' }, error).message).toContain('the new container was removed by somebody');
  });
});
