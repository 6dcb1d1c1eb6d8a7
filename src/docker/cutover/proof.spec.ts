import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { ProofPolicy } from '../rules/proof-policy.js';
import { judge } from './proof.js';

const startedAt = '2026-01-01T00:00:01Z';
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
