import { describe, expect, it } from '@jest/globals';
import { newDeployment, postpone, start, type RunningDeployment } from '../deployments/deployment.js';
import type { UpdateOutcome } from '../docker/update/outcome.js';
import { decideAfter, isLastTry, pacedCode, stopping, type Circumstances } from './worker-decision.js';

const wanted = `sha256:${'a'.repeat(64)}`;
const served = `sha256:${'b'.repeat(64)}`;
const wall = Date.parse('2026-01-01T12:00:00.000Z');
const error = { code: 'digest_mismatch' as const, stage: 'pull' as const, message: 'not yet', servedDigest: served };
const postponed: UpdateOutcome = { status: 'postponed', image: 'app', error };
const dropped: UpdateOutcome = { status: 'dropped', error: { code: 'interrupted', stage: 'pull', message: 'a stop' } };

function begun(expectedDigest?: string): RunningDeployment {
  return { ...start(newDeployment('web', 'ci', { expectedDigest })), startedAt: new Date(wall).toISOString() };
}

function around(more: Partial<Circumstances> = {}): Circumstances {
  return {
    started: begun(wanted),
    winner: undefined,
    isDurable: false,
    isStopping: false,
    now: { wall, steady: wall },
    settings: { digestTimeoutMs: 60_000, pullRetries: 1 },
    ...more,
  };
}

describe('decideAfter', () => {
  it.each<UpdateOutcome>([
    { status: 'succeeded', result: 'updated', toImageId: 'sha256:1' },
    { status: 'failed', error: { ...error, code: 'refused' } },
    { status: 'rolled_back', error: { ...error, code: 'unhealthy' } },
    dropped,
  ])('ends with the outcome $status as it is', (outcome) => {
    expect(decideAfter(outcome, around({ isStopping: true }))).toEqual({ end: outcome });
  });

  it('leaves what a stop gave up to the next start when the queue outlives the process', () => {
    const notBefore = new Date(wall).toISOString();
    expect(decideAfter(dropped, around({ isDurable: true, isStopping: true }))).toEqual({
      retry: { code: 'interrupted', stage: 'pull', message: 'a stop', notBefore },
      otherwise: dropped,
    });
  });

  it('retries what was postponed, and fails it when there is no room', () => {
    expect(decideAfter(postponed, around())).toEqual({
      retry: { code: 'digest_mismatch', stage: 'pull', message: 'not yet', notBefore: '2026-01-01T12:00:01.000Z' },
      otherwise: { status: 'failed', image: 'app', error },
    });
  });

  it('waits as long as the update asks for, and until the registry may be asked again', () => {
    const notBefore = (outcome: UpdateOutcome): unknown => {
      const decision = decideAfter(outcome, around());
      return 'retry' in decision ? decision.retry.notBefore : undefined;
    };
    expect(notBefore({ ...postponed, retryAfterMs: 5000 })).toBe('2026-01-01T12:00:05.000Z');
    expect(notBefore({ ...postponed, error: { ...error, retryAt: '2026-01-01T12:00:30.000Z' } })).toBe(
      '2026-01-01T12:00:30.000Z',
    );
  });

  it('measures by the clock that nobody sets, and tells the time of the host', () => {
    const decision = decideAfter(postponed, around({ now: { wall: wall - 3_600_000, steady: wall + 10_000 } }));
    expect(decision).toMatchObject({ retry: { notBefore: '2026-01-01T11:00:01.000Z' } });
    expect(decideAfter(postponed, around({ now: { wall: wall - 3_600_000, steady: wall + 60_000 } }))).toEqual({
      end: { status: 'failed', image: 'app', error },
    });
  });

  it('fails after the last try', () => {
    const started = { ...begun(), attempts: 2 };
    expect(decideAfter(postponed, around({ started }))).toEqual({ end: { status: 'failed', image: 'app', error } });
  });

  it('names the later push that superseded it', () => {
    const winner = { deploymentId: 'later', digest: served };
    expect(decideAfter(postponed, around({ winner }))).toMatchObject({
      end: { status: 'failed', image: 'app', error: { code: 'superseded', supersededBy: winner } },
    });
  });

  it('drops what would be retried when the service stops and its queue with it', () => {
    expect(decideAfter(postponed, around({ isStopping: true }))).toEqual({
      end: { status: 'dropped', image: 'app', error: { ...error, ...stopping } },
    });
    expect(decideAfter(postponed, around({ isStopping: true, isDurable: true }))).toHaveProperty('retry');
  });
});

describe('isLastTry', () => {
  const settings = { digestTimeoutMs: 60_000, pullRetries: 1 };

  it('counts tries, and the time for a digest', () => {
    expect(isLastTry(begun(), settings, wall)).toBe(false);
    expect(isLastTry({ ...begun(), attempts: 2 }, settings, wall)).toBe(true);
    expect(isLastTry({ ...begun(wanted), attempts: 9 }, settings, wall)).toBe(false);
    expect(isLastTry(begun(wanted), settings, wall + 60_000)).toBe(true);
  });

  it('does not count the tries at which it waited for its turn', () => {
    const notBefore = new Date(wall).toISOString();
    const waited = postpone(begun(), { stage: 'recover', code: pacedCode, message: 'in a loop', notBefore });
    expect(isLastTry(start(waited), settings, wall)).toBe(false);
  });
});
