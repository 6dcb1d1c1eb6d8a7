import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newDeployment, type Deployment, type DeploymentStatus, type HostPart } from '../deployments/deployment.js';
import { nextStep } from './rollout.js';

function part(host: string): HostPart {
  return { host, deploymentId: `id-of-${host}`, status: 'queued' };
}

function record(status: DeploymentStatus): Deployment {
  const error = { code: 'unhealthy', stage: 'prove', message: 'it is not well' };
  const told = status === 'succeeded' ? { result: 'updated' as const } : { error };
  return { ...newDeployment('web', 'ci'), status, ...(status === 'queued' || status === 'running' ? {} : told) };
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
    const done = (result: 'updated' | 'up_to_date'): Deployment => ({ ...record('succeeded'), result });
    const rollout = { hosts, parallel: 3, stopAtFailure: true };
    expect(nextStep(rollout, () => done('up_to_date')).end).toEqual({ status: 'succeeded', result: 'up_to_date' });
    const mixed = nextStep(rollout, ({ host }) => done(host === 'b' ? 'updated' : 'up_to_date'));
    expect(mixed.end).toEqual({ status: 'succeeded', result: 'updated' });
  });

  it('comes to an end with every host begun at most once and never too many at once, whatever becomes of them', () => {
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
            const step = nextStep({ hosts: shown, parallel, stopAtFailure }, ({ host }) => records.get(host));
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
            const atWork = [...records].filter(([, { status }]) => status === 'running').map(([host]) => host);
            expect(atWork.length).toBeLessThanOrEqual(parallel);
            const ended = atWork[(picks.next().value ?? 0) % atWork.length];
            if (ended === undefined) throw new Error('nothing is at work, and it has not ended');
            records.set(ended, record(outcomes[Number(ended.slice(1))] ?? 'succeeded'));
          }
        },
      ),
    );
  });
});
