import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeOnEngine, testEnvironment } from './support/environment.js';
import type { EngineCall } from './support/engine-proxy.js';
import { FaultRig, type Scenario } from './support/fault-points.js';

/** `npm test` takes every so-manieth fault point; `npm run test:chaos` takes all of them. */
const sampleOf: Record<Scenario, { kills: number; faults: number }> =
  process.env.TEST_CHAOS === 'all'
    ? { update: { kills: 1, faults: 1 }, rollback: { kills: 1, faults: 1 } }
    : { update: { kills: 2, faults: 3 }, rollback: { kills: 5, faults: 7 } };

interface FaultPoint {
  index: number;
  when: 'before' | 'after';
  call: string;
}

/** Before and after each call to the engine. */
function faultPoints(calls: EngineCall[]): FaultPoint[] {
  return calls.flatMap(({ index, method, path }) =>
    (['before', 'after'] as const).map((when) => ({ index, when, call: `${method} ${path}` })),
  );
}

describeOnEngine.each<Scenario>(['update', 'rollback'])('in every %s', (scenario) => {
  let rig: FaultRig;
  let calls: EngineCall[];

  beforeAll(async () => {
    rig = await FaultRig.start(testEnvironment().dockerHost, scenario);
    calls = await rig.recordCalls();
  });
  afterAll(() => rig.stop());

  /** One container with the name, running, the user's config intact, nothing left over. */
  const expectInOrder = async (oldId: string, at: string): Promise<void> => {
    const { names, container } = await rig.outcome();
    expect({ at, names }).toEqual({ at, names: [`/${rig.name}`] });
    expect({ at, running: container.State.Running, policy: container.HostConfig.RestartPolicy?.Name }).toEqual({
      at,
      running: true,
      policy: 'always',
    });
    expect(container.Config.Env).toContain('SET_BY=user');
    if (scenario === 'rollback') expect({ at, id: container.Id }).toEqual({ at, id: oldId });
  };

  it('the service may be killed before and after each call to the engine', async () => {
    const points = faultPoints(calls).filter((_, position) => position % sampleOf[scenario].kills === 0);
    for (const { index, when, call } of points) {
      const oldId = await rig.setUp();
      await rig.killAt(index, when);
      await expectInOrder(oldId, `killed ${when} call ${index}: ${call}`);
    }
  }, 1_800_000);

  it.each([
    ['answered 409', { statusCode: 409 }, 'before', 0],
    ['answered 404', { statusCode: 404 }, 'before', 1],
    ['answered 500', { statusCode: 500 }, 'before', 2],
    ['done, but its answer is lost', 'drop', 'after', 0],
    ['lost', 'drop', 'before', 1],
  ] as const)(
    'each call may be %s',
    async (what, fate, when, variant) => {
      const points = calls.filter((_, position) => (position + variant) % sampleOf[scenario].faults === 0);
      for (const { index, method, path } of points) {
        const oldId = await rig.setUp();
        const deployment = await rig.failAt(index, fate, when);
        const at = `call ${index}: ${method} ${path} ${what} → ${JSON.stringify(deployment.error)}`;
        if (deployment.error?.code === 'rollback_failed' || deployment.stages.at(-1)?.stage === 'commit') {
          // What is left is put right before the next update of the container.
          expect({ at, next: await rig.service.update(rig.name, 60_000) }).toMatchObject({
            at,
            next: { container: rig.name },
          });
        }
        await expectInOrder(oldId, at);
      }
    },
    1_800_000,
  );
});

describe('fault points', () => {
  it('are generated from the calls: before and after each', () => {
    const points = faultPoints([{ index: 0, method: 'POST', path: '/containers/create' }]);
    expect(points.map(({ when }) => when)).toEqual(['before', 'after']);
  });
});
