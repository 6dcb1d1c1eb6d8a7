import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../test/support/containers.js';
import { proofPolicy, type ProofPolicy } from './proof-policy.js';
import { judge } from './proof.js';

const startedAt = '2026-01-01T00:00:01Z';
const settings = { proofTimeoutMs: 300_000 };
const unasked = { settleMs: 5000 };
const running: ProofPolicy = { mode: 'running', settleMs: 5000, timeoutMs: 60_000 };
const healthy: ProofPolicy = { mode: 'healthy', settleMs: 5000, timeoutMs: 90_000 };

describe('judge', () => {
  it.each([
    ['runs, but not for long', {}, running, 4999, 'waiting'],
    ['ran for the settling time', {}, running, 5000, 'proven'],
    ['starts, and nothing is asked', {}, { ...running, mode: 'none' as const }, 0, 'proven'],
    ['is healthy', { Health: { Status: 'healthy' } }, healthy, 10, 'proven'],
    ['is starting', { Health: { Status: 'starting' } }, healthy, 89_999, 'waiting'],
    ['is unhealthy early', { Health: { Status: 'unhealthy' } }, healthy, 59_999, 'waiting'],
    ['is unhealthy late', { Health: { Status: 'unhealthy' } }, healthy, 60_000, { code: 'unhealthy' }],
    ['is still starting at the end', { Health: { Status: 'starting' } }, healthy, 90_000, { code: 'proof_timeout' }],
    ['exited', { Running: false, ExitCode: 3 }, running, 10, { code: 'exited', message: 'it exited with code 3' }],
    [
      'exited, even where nothing is asked',
      { Running: false, ExitCode: 0 },
      { ...running, mode: 'none' as const },
      10,
      { code: 'exited' },
    ],
    ['waits for its restart', { Running: true, Restarting: true, ExitCode: 1 }, running, 10, { code: 'restarting' }],
    ['was started again', { StartedAt: '2026-01-01T00:00:09Z' }, running, 9000, { code: 'restarting' }],
  ])('one that %s', (_, State, policy, elapsedMs, verdict) => {
    const result = judge(containerInspect({ State }), policy, startedAt, elapsedMs);
    if (typeof verdict === 'string') expect(result).toBe(verdict);
    else expect(result).toMatchObject(verdict);
  });

  it('sees a crash loop by its restart count', () => {
    expect(judge(containerInspect({ RestartCount: 1 }), running, startedAt, 10)).toMatchObject({ code: 'restarting' });
  });
});

describe('proofPolicy', () => {
  const second = 1_000_000_000;
  const withHealthcheck = (Healthcheck: object) =>
    containerInspect({ Config: { Healthcheck: { Test: ['CMD', 'true'], ...Healthcheck } } });

  it('asks for the settling time where there is no HEALTHCHECK', () => {
    expect(proofPolicy(containerInspect(), unasked, settings)).toMatchObject({ mode: 'running', settleMs: 5000 });
    expect(proofPolicy(withHealthcheck({ Test: ['NONE'] }), unasked, settings)).toMatchObject({ mode: 'running' });
  });

  it.each([
    ["the engine's defaults", {}, 240_000],
    ['a quick one: at least a minute', { Interval: second, Timeout: second, Retries: 1 }, 60_000],
    [
      'start period + (interval + timeout) × (retries + 1)',
      { Interval: 10 * second, Timeout: 5 * second, Retries: 5, StartPeriod: 30 * second },
      120_000,
    ],
    ['a slow one: at most PROOF_TIMEOUT', { StartPeriod: 1000 * second }, 300_000],
  ])('gives a HEALTHCHECK its time: %s', (_, healthcheck, timeoutMs) => {
    expect(proofPolicy(withHealthcheck(healthcheck), unasked, settings)).toMatchObject({ mode: 'healthy', timeoutMs });
  });

  it('asks one that was unhealthy before only to run', () => {
    expect(proofPolicy(withHealthcheck({}), unasked, settings, true)).toMatchObject({ mode: 'running' });
  });

  it('gives way to what the container asks for', () => {
    const asked = { proof: 'none' as const, settleMs: 1000, timeoutMs: 120_000 };
    expect(proofPolicy(withHealthcheck({}), asked, settings)).toEqual({
      mode: 'none',
      settleMs: 1000,
      timeoutMs: 120_000,
    });
  });

  it('refuses to ask for health where there is no HEALTHCHECK', () => {
    expect(() => proofPolicy(containerInspect(), { proof: 'healthy', settleMs: 0 }, settings)).toThrow('has none');
  });
});
