// @extended
// On the newest engine too; in full (`npm run test:chaos`) or as a sample that is another one each day.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EngineCall, Fate } from './support/engine-proxy.js';
import { count, writeReport } from './support/chaos-report.js';
import { describeOnEachEngine, engines } from './support/environment.js';
import { FaultRig, scenarios, type Scenario } from './support/fault-points.js';

const isFull = process.env.TEST_CHAOS === 'all';
const today = Math.floor(Date.now() / 86_400_000);
/** Of so many points the sample takes one; on the newest engine, of some more, and in one kind of update a day. */
const oneOf: Record<Scenario, { kills: number; faults: number }> = {
  update: { kills: 12, faults: 23 },
  rollback: { kills: 16, faults: 31 },
  'start-first': { kills: 16, faults: 31 },
};
const randomKills = isFull ? 200 : 1;
const scenarioOfToday = scenarios[today % scenarios.length];

const faults: [what: string, fate: Fate, when: 'before' | 'after'][] = [
  ['answered 409', { statusCode: 409 }, 'before'],
  ['answered 404', { statusCode: 404 }, 'before'],
  ['answered 500', { statusCode: 500 }, 'before'],
  ['done, but its answer is lost', 'drop', 'after'],
  ['lost', 'drop', 'before'],
  ['never answered', 'hang', 'before'],
];

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

function sample<T>(points: T[], size: number, variant: number): T[] {
  return isFull ? points : points.filter((_, position) => position % size === (today + variant) % size);
}

describeOnEachEngine('chaos', (engine) => {
  const isNewest = engines.indexOf(engine) === 1;

  const everyScenario = isNewest && !isFull ? scenarios.filter((one) => one === scenarioOfToday) : scenarios;
  describe.each(everyScenario)('in every %s', (scenario) => {
    let rig: FaultRig;
    let calls: EngineCall[];
    let durationMs: number;

    beforeAll(async () => {
      rig = await FaultRig.start(engine, scenario);
      ({ calls, durationMs } = await rig.record());
    }, 60_000);
    afterAll(() => rig.stop());

    /** One container with the name, running, the user's config intact, nothing left over. */
    const expectInOrder = async (oldId: string, at: string): Promise<void> => {
      const { names, container, aliases } = await rig.outcome();
      expect({ at, names }).toEqual({ at, names: [`/${rig.name}`] });
      expect({ at, running: container.State.Running, policy: container.HostConfig.RestartPolicy?.Name }).toEqual({
        at,
        running: true,
        policy: 'always',
      });
      expect({ at, env: container.Config.Env, aliases }).toEqual({
        at,
        env: expect.arrayContaining(['SET_BY=user']),
        aliases: expect.arrayContaining(['alias']),
      });
      if (scenario === 'rollback') expect({ at, id: container.Id }).toEqual({ at, id: oldId });
    };
    const disturb = async (disturbance: string, at: string, make: (at: string) => Promise<string>): Promise<void> => {
      const counted = count(engine.title, scenario, disturbance);
      const oldId = await rig.setUp();
      await expectInOrder(oldId, await make(at));
      counted.isInOrder();
    };

    it('docker/compose#10460: the service may be killed before and after each call to the engine', async () => {
      const size = oneOf[scenario].kills * (isNewest ? 3 : 1);
      for (const { index, when, call } of sample(faultPoints(calls), size, 0)) {
        await disturb('service killed before or after a call', `killed ${when} call ${index}: ${call}`, async (at) => {
          await rig.killAt(index, when);
          return at;
        });
      }
    }, 3_600_000);

    it('the service may be killed at any instant', async () => {
      for (let time = 0; time < randomKills; time++) {
        await disturb('service killed at a random instant', `random kill ${time}`, async (at) => {
          await rig.killAtRandom(durationMs);
          return at;
        });
      }
    }, 3_600_000);

    const isOurs = engines.find((one) => one === engine)?.private !== undefined;
    const isToday = isFull || (!isNewest && scenario === scenarioOfToday);
    const restart = isOurs && isToday ? it : it.skip;
    restart.each(isFull ? (['SIGTERM', 'SIGKILL'] as const) : (['SIGTERM'] as const))(
      'the engine may be ended with %s in mid-update, and come back',
      async (signal) => {
        for (const path of sample(
          [/\/stop/, /-upd-old-/, /^\/containers\/[0-9a-f]+\/start/],
          3,
          scenarios.indexOf(scenario),
        )) {
          await disturb(`engine ended with ${signal} and started`, `${signal} after ${String(path)}`, async (at) => {
            await rig.haltEngineAfter(path, signal);
            return at;
          });
        }
      },
      3_600_000,
    );

    it.each(faults.map((fault, variant) => [...fault, variant] as const))(
      'each call may be %s',
      async (what, fate, when, variant) => {
        const size = oneOf[scenario].faults * (isNewest ? 3 : 1);
        for (const { index, method, path } of sample(calls, size, variant)) {
          await disturb(`a call is ${what}`, `call ${index}: ${method} ${path} ${what}`, async (at) => {
            const deployment = await rig.failAt(index, fate, when);
            if (deployment.error?.code === 'rollback_failed' || deployment.stages.at(-1)?.stage === 'commit') {
              // What is left is put right before the next update of the container.
              expect({ at, next: await rig.service.update(rig.name, 90_000) }).toMatchObject({
                at,
                next: { container: rig.name },
              });
            }
            return `${at} → ${JSON.stringify(deployment.error)}`;
          });
        }
      },
      3_600_000,
    );
  });
});

describe('fault points', () => {
  it('are generated from the calls: before and after each', () => {
    const points = faultPoints([{ index: 0, method: 'POST', path: '/containers/create' }]);
    expect(points.map(({ when }) => when)).toEqual(['before', 'after']);
  });
});

afterAll(() => {
  if (isFull) writeReport('docs/chaos.md');
});
