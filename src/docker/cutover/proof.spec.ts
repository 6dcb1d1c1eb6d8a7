import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { proofOfUpdate, proofPolicy, type ProofPolicy } from '../rules/proof-policy.js';
import { judge } from './proof.js';

const startedAt = '2026-01-01T00:00:01Z';
const settings = { proofTimeoutMs: 300_000, unhealthyGraceMs: 20_000 };
const unasked = { settleMs: 5000, proofRestarts: 0 };
const rest = { unhealthyAfterMs: 20_000, restarts: 0 };
const running: ProofPolicy = { mode: 'running', settleMs: 5000, timeoutMs: 60_000, ...rest };
const healthy: ProofPolicy = { mode: 'healthy', settleMs: 5000, timeoutMs: 90_000, ...rest };
const none: ProofPolicy = { ...running, mode: 'none' };

describe('judge', () => {
  it.each([
    ['runs, but not for long', {}, running, 4999, 'waiting'],
    ['ran for the settling time', {}, running, 5000, 'proven'],
    ['starts, and nothing is asked', {}, none, 0, 'proven'],
    ['is healthy', { Health: { Status: 'healthy' } }, healthy, 10, 'proven'],
    ['is starting', { Health: { Status: 'starting' } }, healthy, 89_999, 'waiting'],
    ['is unhealthy early', { Health: { Status: 'unhealthy' } }, healthy, 19_999, 'waiting'],
    [
      'is unhealthy late',
      { Health: { Status: 'unhealthy' } },
      healthy,
      20_000,
      { code: 'unhealthy', message: expect.stringMatching(/unhealthy-grace.*UNHEALTHY_GRACE/) },
    ],
    [
      'is unhealthy when the time is up',
      { Health: { Status: 'unhealthy' } },
      { ...healthy, timeoutMs: 5000 },
      5000,
      { code: 'unhealthy' },
    ],
    [
      'is still starting at the end',
      { Health: { Status: 'starting' } },
      healthy,
      90_000,
      { code: 'proof_timeout', message: expect.stringContaining('trigger-docker-pull.timeout') },
    ],
    ['exited', { Running: false, ExitCode: 3 }, running, 10, { code: 'exited', message: 'it exited with code 3' }],
    ['did its work, and nothing is asked', { Running: false, ExitCode: 0 }, none, 10, 'proven'],
    ['did its work and is started again, and nothing is asked', { Restarting: true, ExitCode: 0 }, none, 10, 'proven'],
    ['did its work, and has to run', { Running: false, ExitCode: 0 }, running, 10, { code: 'exited' }],
    ['failed, even where nothing is asked', { Running: false, ExitCode: 1 }, none, 10, { code: 'exited' }],
    ['waits for its restart', { Running: true, Restarting: true, ExitCode: 1 }, running, 10, { code: 'restarting' }],
    ['was started again', { StartedAt: '2026-01-01T00:00:09Z' }, running, 9000, { code: 'restarting' }],
  ])('one that %s', (_, State, policy, elapsedMs, verdict) => {
    const result = judge(containerInspect({ State }), policy, startedAt, elapsedMs);
    if (typeof verdict === 'string') expect(result).toBe(verdict);
    else expect(result).toMatchObject(verdict);
  });

  it('sees a crash loop by its restart count', () => {
    expect(judge(containerInspect({ RestartCount: 1 }), running, startedAt, 10)).toMatchObject({
      code: 'restarting',
      message: expect.stringContaining('trigger-docker-pull.proof-restarts=1'),
    });
  });

  it.each([
    ['waits for its second restart', { RestartCount: 2, State: { Restarting: true, ExitCode: 1 } }, 10, 'waiting'],
    ['runs again, but not for long', { RestartCount: 2 }, 4999, 'waiting'],
    ['has run again for the settling time', { RestartCount: 2 }, 5000, 'proven'],
    ['was restarted once more', { RestartCount: 3 }, 5000, { code: 'restarting' }],
    ['exited for good', { RestartCount: 2, State: { Running: false, ExitCode: 1 } }, 10, { code: 'exited' }],
  ])('lets one restart twice where that is allowed: one that %s', (_, container, sinceRestartMs, verdict) => {
    const result = judge(containerInspect(container), { ...running, restarts: 2 }, startedAt, 20_000, sinceRestartMs);
    if (typeof verdict === 'string') expect(result).toBe(verdict);
    else expect(result).toMatchObject(verdict);
  });

  it('does not let restarts outlast the time for the proof', () => {
    const restarted = containerInspect({ RestartCount: 1 });
    expect(judge(restarted, { ...running, restarts: 9 }, startedAt, 60_000, 100)).toMatchObject({
      code: 'proof_timeout',
    });
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
    ['many retries: at most PROOF_TIMEOUT', { Retries: 100 }, 300_000],
    ['a long start period: until the first verdict must be there', { StartPeriod: 1000 * second }, 1_065_000],
    ["the five minutes of Docker's examples", { Interval: 300 * second, Timeout: 3 * second }, 308_000],
  ])('gives a HEALTHCHECK its time: %s', (_, healthcheck, timeoutMs) => {
    expect(proofPolicy(withHealthcheck(healthcheck), unasked, settings)).toMatchObject({ mode: 'healthy', timeoutMs });
  });

  it.each([
    ['an interval of 30 s', { Interval: 30 * second }, {}, 65_000],
    ['a start period of a minute', { StartPeriod: 60 * second }, {}, 125_000],
    ['a quick one', { Interval: second, Timeout: second }, {}, 20_000],
    ['a longer grace for unhealthy', { Interval: second, Timeout: second }, { unhealthyGraceMs: 50_000 }, 50_000],
    ['the time that a label gives', { Interval: second }, { timeoutMs: 3000 }, 3000],
    ['a label that ends before the first probe', { Interval: 30 * second }, { timeoutMs: 3000 }, 30_000],
  ])('never ends before a verdict is possible, whatever PROOF_TIMEOUT says: %s', (_, healthcheck, asked, timeoutMs) => {
    const short = { ...settings, proofTimeoutMs: 20_000 };
    const policy = proofPolicy(withHealthcheck(healthcheck), { ...unasked, ...asked }, short);
    expect(policy).toMatchObject({ mode: 'healthy', timeoutMs });
  });

  it.each([
    ['UNHEALTHY_GRACE', {}, {}, 20_000],
    ['the start period if it is longer', { StartPeriod: 30 * second }, {}, 30_000],
    ['what the container asks for', {}, { unhealthyGraceMs: 0 }, 0],
    ['no less than the start period', { StartPeriod: 30 * second }, { unhealthyGraceMs: 1000 }, 30_000],
  ])('takes unhealthy for final after %s', (_, healthcheck, asked, unhealthyAfterMs) => {
    const policy = proofPolicy(withHealthcheck(healthcheck), { ...unasked, ...asked }, settings);
    expect(policy.unhealthyAfterMs).toBe(unhealthyAfterMs);
  });

  it('asks one that was unhealthy before only to run', () => {
    expect(proofPolicy(withHealthcheck({}), unasked, settings, true)).toMatchObject({ mode: 'running' });
  });

  it('gives way to what the container asks for', () => {
    const asked = { proof: 'none' as const, settleMs: 1000, timeoutMs: 120_000, proofRestarts: 2 };
    expect(proofPolicy(withHealthcheck({}), asked, settings)).toEqual({
      mode: 'none',
      settleMs: 1000,
      timeoutMs: 120_000,
      unhealthyAfterMs: 20_000,
      restarts: 2,
    });
  });

  it.each([
    ['start period', { StartPeriod: 10 * 3600 * second }],
    ['interval', { Interval: 10 * 3600 * second }],
    ['timeout of each probe', { Timeout: 10 * 3600 * second }],
  ])('lets no image hold up all updates by a long %s of its HEALTHCHECK', (_, healthcheck) => {
    const container = withHealthcheck(healthcheck);
    expect(() => proofOfUpdate(container, unasked, settings)).toThrow('all other updates would wait');
    const hours = 11 * 3_600_000;
    expect(proofOfUpdate(container, { ...unasked, timeoutMs: hours }, settings).timeoutMs).toBe(hours);
    expect(proofOfUpdate(container, { ...unasked, proof: 'running' }, settings).mode).toBe('running');
    expect(proofOfUpdate(container, unasked, { ...settings, proofTimeoutMs: hours }).mode).toBe('healthy');
  });

  it('refuses to ask for health where there is no HEALTHCHECK', () => {
    expect(() => proofPolicy(containerInspect(), { ...unasked, proof: 'healthy' }, settings)).toThrow('has none');
  });
});
