import { describe, expect, it } from '@jest/globals';
import { newDeployment, type Deployment } from '../deployments/deployment.js';
import { retryDelayMs } from './retry-policy.js';

const startedAt = '2026-01-01T00:00:00.000Z';
const settings = { digestTimeoutMs: 60_000, pullRetries: 3 };
const deployment = (attempts: number, expectedDigest?: string): Deployment => ({
  ...newDeployment('web', 'ci', { expectedDigest }),
  startedAt,
  attempts,
});

/** The times of all tries, in milliseconds after the first, where each try takes no time. */
function triesMs(digest: string | undefined, { digestTimeoutMs, pullRetries } = settings): number[] {
  const tries = [0];
  for (;;) {
    const last = tries.at(-1) ?? 0;
    const now = Date.parse(startedAt) + last;
    const delayMs = retryDelayMs(deployment(tries.length, digest), { digestTimeoutMs, pullRetries }, now);
    if (delayMs === undefined) return tries;
    tries.push(last + delayMs);
  }
}

describe('retryDelayMs', () => {
  it('tries a pull again three times, with ever longer waits', () => {
    expect(triesMs(undefined)).toEqual([0, 1000, 3000, 7000]);
  });

  it('waits for a digest for its time in all, with the last try at its end', () => {
    expect(triesMs('sha256:a')).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 60_000]);
  });

  it('does neither where the settings say so', () => {
    expect(triesMs(undefined, { digestTimeoutMs: 0, pullRetries: 0 })).toEqual([0]);
    expect(triesMs('sha256:a', { digestTimeoutMs: 0, pullRetries: 0 })).toEqual([0]);
  });

  it('never waits for longer than 30 s', () => {
    expect(retryDelayMs(deployment(50), { digestTimeoutMs: 0, pullRetries: 100 }, 0)).toBe(30_000);
  });

  it('waits for as long as the registry asks, and gives up where that is later than the last try', () => {
    const now = Date.parse(startedAt);
    const after = (ms: number): string => new Date(now + ms).toISOString();
    expect(retryDelayMs(deployment(1), settings, now, after(45_000))).toBe(45_000);
    expect(retryDelayMs(deployment(3), settings, now, after(1))).toBe(4000);
    expect(retryDelayMs(deployment(4), settings, now, after(1))).toBeUndefined();
    expect(retryDelayMs(deployment(1, 'sha256:a'), settings, now, after(45_000))).toBe(45_000);
    expect(retryDelayMs(deployment(1, 'sha256:a'), settings, now, after(61_000))).toBeUndefined();
  });

  it('waits at least as long as it is told to, and never past the last try', () => {
    const begun = Date.parse(startedAt);
    const waits = [0, 55_000, 60_000].map((later) =>
      retryDelayMs(deployment(1, 'sha256:a'), settings, begun + later, undefined, 10_000),
    );
    expect(waits).toEqual([10_000, 5000, undefined]);
  });
});
