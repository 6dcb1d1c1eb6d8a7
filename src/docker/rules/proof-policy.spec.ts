import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { proofOfUpdate, proofPolicy } from './proof-policy.js';

const settings = { proofTimeoutMs: 300_000, unhealthyGraceMs: 20_000 };
const unasked = { settleMs: 5000, proofRestarts: 0 };

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

  it('asks one that was unhealthy before for its health where its label says so', () => {
    const asked = { ...unasked, proof: 'healthy' as const };
    expect(proofPolicy(withHealthcheck({}), asked, settings, true).mode).toBe('healthy');
  });

  it('gives one that only has to run a minute beyond the settling time', () => {
    expect(proofPolicy(containerInspect(), unasked, settings).timeoutMs).toBe(65_000);
    expect(proofPolicy(containerInspect(), { ...unasked, timeoutMs: 7000 }, settings).timeoutMs).toBe(7000);
  });

  it('lets a HEALTHCHECK take an hour, and no more', () => {
    const hourLess = (seconds: number) => withHealthcheck({ StartPeriod: (3600 - 65 + seconds) * second });
    expect(proofOfUpdate(hourLess(0), unasked, settings).timeoutMs).toBe(3_600_000);
    expect(() => proofOfUpdate(hourLess(1), unasked, settings)).toThrow('all other updates would wait');
    expect(proofOfUpdate(hourLess(1), { ...unasked, unhealthyGraceMs: 7_200_000 }, settings).mode).toBe('healthy');
  });

  it('takes no HEALTHCHECK for one that an image switched off, or left empty', () => {
    for (const Test of [['NONE'], []]) {
      const container = containerInspect({ Config: { Healthcheck: { Test } } });
      expect(proofPolicy(container, unasked, settings).mode).toBe('running');
      expect(() => proofPolicy(container, { ...unasked, proof: 'healthy' }, settings)).toThrow('has none');
    }
  });

  it('takes 0 for the default, as the engine does', () => {
    const zeros = { Interval: 0, Timeout: 0, Retries: 0, StartPeriod: 0 };
    expect(proofPolicy(withHealthcheck(zeros), unasked, settings).timeoutMs).toBe(240_000);
  });
});
