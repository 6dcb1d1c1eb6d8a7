import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  finish,
  newDeployment,
  start,
  type Deployment,
  type DeploymentStatus,
  type HostPart,
} from '../../deployments/deployment.js';
import { atWork, nextStep, rests } from './rollout.js';

function part(host: string): HostPart {
  return { host, deploymentId: `id-of-${host}`, status: 'queued' };
}

function record(status: DeploymentStatus): Deployment {
  const error = { code: 'unhealthy', stage: 'prove', message: 'it is not well' };
  const queued = newDeployment('web', 'ci');
  if (status === 'queued') return queued;
  if (status === 'running') return start(queued);
  return finish(start(queued), status === 'succeeded' ? { status, result: 'updated' } : { status, error });
}

const hosts = ['a', 'b', 'c'].map(part);

describe('nextStep', () => {
  it('begins one host after the other', () => {
    const rollout = { hosts, parallel: 1, stopAtFailure: true };
    expect(nextStep(rollout, () => undefined).begin).toEqual([part('a')]);
    expect(nextStep(rollout, ({ host }) => (host === 'a' ? record('running') : undefined))).toMatchObject({
      begin: [],
      hosts: [{ host: 'a', status: 'running' }, part('b'), part('c')],
    });
    expect(nextStep(rollout, ({ host }) => (host === 'a' ? record('succeeded') : undefined)).begin).toEqual([
      part('b'),
    ]);
  });

  it('stops at the first failure, and says which hosts were not begun', () => {
    const step = nextStep({ hosts, parallel: 1, stopAtFailure: true }, ({ host }) =>
      host === 'a' ? record('rolled_back') : undefined,
    );
    expect(step).toMatchObject({
      begin: [],
      hosts: [
        { host: 'a', status: 'rolled_back', error: { code: 'unhealthy', stage: 'prove' } },
        { host: 'b', status: 'dropped', error: { code: 'rollout_stopped' } },
        { host: 'c', status: 'dropped' },
      ],
      end: { status: 'failed', error: { code: 'hosts_failed' } },
    });
    expect(step.end).toHaveProperty('error.message', expect.stringContaining('a rolled_back (unhealthy)'));
  });

  it('goes on after a failure where it is to', () => {
    const step = nextStep({ hosts, parallel: 1, stopAtFailure: false }, ({ host }) =>
      host === 'a' ? record('failed') : undefined,
    );
    expect(step.begin).toEqual([part('b')]);
    expect(step.end).toBeUndefined();
  });

  it('is up to date only where every host was', () => {
    const done = (result: 'updated' | 'up_to_date'): Deployment =>
      finish(start(newDeployment('web', 'ci')), { status: 'succeeded', result });
    const rollout = { hosts, parallel: 3, stopAtFailure: true };
    expect(nextStep(rollout, () => done('up_to_date')).end).toEqual({ status: 'succeeded', result: 'up_to_date' });
    const mixed = nextStep(rollout, ({ host }) => done(host === 'b' ? 'updated' : 'up_to_date'));
    expect(mixed.end).toEqual({ status: 'succeeded', result: 'updated' });
  });

  it('comes to an end with every host begun at most once and never too many at once, whatever becomes of them, from the records of those at work', () => {
    const ends = fc.constantFrom<DeploymentStatus>('succeeded', 'failed', 'rolled_back', 'dropped');
    fc.assert(
      fc.property(
        fc.array(ends, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.infiniteStream(fc.nat()),
        (outcomes, parallel, stopAtFailure, picks) => {
          const records = new Map<string, Deployment>();
          let shown = outcomes.map((_, index) => part(`h${index}`));
          for (let steps = 0; ; steps++) {
            expect(steps).toBeLessThan(100);
            const rollout = { hosts: shown, parallel, stopAtFailure };
            const step = nextStep(rollout, ({ host }) => records.get(host));
            const looked = new Set(atWork(rollout).map(({ host }) => host));
            expect(nextStep(rollout, ({ host }) => (looked.has(host) ? records.get(host) : undefined))).toEqual(step);
            shown = step.hosts;
            if (step.end) {
              const allWell = outcomes.every((outcome) => outcome === 'succeeded');
              expect(step.end.status).toBe(allWell ? 'succeeded' : 'failed');
              expect(shown.some(({ status }) => status === 'queued' || status === 'running')).toBe(false);
              if (!stopAtFailure) expect(records.size).toBe(outcomes.length);
              return;
            }
            for (const { host } of step.begin) {
              expect(records.has(host)).toBe(false);
              records.set(host, record('running'));
            }
            const running = [...records].filter(([, { status }]) => status === 'running').map(([host]) => host);
            expect(running.length).toBeLessThanOrEqual(parallel);
            if (running.length === 0) throw new Error('nothing is at work, and it has not ended');
            // One ends, or several before anybody looks.
            const ending = running.filter(() => (picks.next().value ?? 0) % 2 === 0);
            for (const host of ending.length > 0 ? ending : running)
              records.set(host, record(outcomes[Number(host.slice(1))] ?? 'succeeded'));
          }
        },
      ),
    );
  });
});

describe('rests', () => {
  const later = { deployment: { ...newDeployment('web', 'ci'), notBefore: '2030-01-01T00:00:00Z' } };

  it('lets others go on while each begun part of a notify waits to be tried again', () => {
    expect(rests('notify', [later, later])).toBe(true);
  });

  it('keeps its turn while a part is at work, about to be, or over and not told yet, and before the first', () => {
    for (const other of [record('queued'), record('running'), record('succeeded'), record('failed')])
      expect(rests('notify', [later, { deployment: other }])).toBe(false);
    expect(rests('notify', [{ ...later, taken: true }])).toBe(false);
    expect(rests('notify', [])).toBe(false);
  });

  it('keeps the turn of a rollback', () => {
    expect(rests('rollback', [later])).toBe(false);
  });
});
