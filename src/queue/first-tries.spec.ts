import { describe, expect, it } from '@jest/globals';
import { newDeployment, start, type Deployment } from '../deployments/deployment.js';
import { FirstTries } from './first-tries.js';
import { retryDelayMs } from './retry-policy.js';

const hour = 3_600_000;
const settings = { digestTimeoutMs: 60_000, pullRetries: 3 };
const started = (attempts = 1): Deployment => ({
  ...start(newDeployment('web', 'ci', { expectedDigest: 'sha256:a' })),
  startedAt: '2026-01-01T00:00:00.000Z',
  attempts,
});
const epoch = Date.parse('2026-01-01T00:00:00.000Z');

describe('FirstTries', () => {
  it.each([
    ['an hour back', -hour],
    ['a day ahead', 24 * hour],
    ['nowhere', 0],
  ])('keep the wait for a digest as long as it was asked for when the clock jumps %s', (_, jump) => {
    const tries = new FirstTries();
    const first = started();
    expect(tries.nowFor(first, epoch, 500)).toBe(epoch);
    const again = { ...first, attempts: 4 };
    expect(retryDelayMs(again, settings, tries.nowFor(again, epoch + jump + 20_000, 20_500))).toBe(8000);
    expect(retryDelayMs(again, settings, tries.nowFor(again, epoch + jump + 55_000, 55_500))).toBe(5000);
    expect(retryDelayMs(again, settings, tries.nowFor(again, epoch + jump + 60_000, 60_500))).toBeUndefined();
  });

  it('measure what another process began by the clock of the host, and never as begun in the future', () => {
    expect(new FirstTries().nowFor(started(2), epoch + 7000, 100)).toBe(epoch + 7000);
    expect(new FirstTries().nowFor(started(2), epoch - hour, 100)).toBe(epoch);
  });

  it('forget what has ended', () => {
    const tries = new FirstTries();
    const deployment = started();
    tries.nowFor(deployment, epoch, 0);
    tries.forget(deployment.id);
    expect(tries.nowFor(deployment, epoch, 9000)).toBe(epoch);
  });
});
