// On the oldest and on the newest engine (see describeOnEachEngine), side by side: in full (`npm run test:chaos`), one of so
// many points in every kind of update, or one point of each kind in one kind of update, which are others each day.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { writeReport } from './support/runner/chaos-report.js';
import { ContainerdEngine } from './support/engine/containerd-engine.js';
import {
  disturb,
  enginesHalts,
  faultsOf,
  killsAround,
  killsAtRandom,
  namesTaken,
  replacementsLost,
  type Disturbance,
} from './support/engine/disturbances.js';
import {
  describeOnEngine,
  describeOnNewestEngine,
  engines,
  type EngineUnderTest,
} from './support/runner/environment.js';
import { FaultRig, scenarios, type Recorded, type Scenario } from './support/engine/fault-points.js';

/** 1 is all of them; without it there is one for each kind of disturbance. */
const oneOf = Number(process.env.TEST_CHAOS_ONE_OF) || undefined;
const today = Math.floor(Date.now() / 86_400_000);
const limitMs = oneOf ? 2 * 3_600_000 : 420_000;
/** In the sample alone: it takes the newest engine's time once more. */
const containerd = oneOf ? undefined : ContainerdEngine.make();
const disturbed = [...engines, ...(containerd ? [containerd.engine] : [])];
/** On all engines and in all kinds of update together. */
const randomKills = 200;

interface Kind {
  title: string;
  of: (recorded: Recorded) => Disturbance[];
  in: readonly Scenario[];
}

const kinds: Kind[] = [
  {
    title: 'docker/compose#10460: the service is killed before or after any call to the engine',
    of: ({ calls }) => killsAround(calls),
    in: scenarios,
  },
  {
    title: 'the service is killed at any instant',
    of: ({ durationMs }) => killsAtRandom(randomKills / (scenarios.length * engines.length), durationMs),
    in: scenarios,
  },
  {
    title: 'the engine ends and is started again',
    of: () => enginesHalts([/\/stop/, /-upd-old-/, /^\/containers\/[0-9a-f]+\/start/]),
    // The engine itself does not bring up again, in the right order, containers that share a network.
    in: engines.every((engine) => engine.private !== undefined)
      ? scenarios.filter((scenario) => !scenario.endsWith('dependent'))
      : [],
  },
  {
    title: 'the new container is lost between its name and the removal of the old one',
    of: ({ calls }) => replacementsLost(calls),
    in: ['start-first'],
  },
  {
    title: 'somebody else takes the name',
    of: ({ calls }) => namesTaken(calls),
    in: ['update', 'rollback', 'start-first'],
  },
  { title: 'any call fails, in any way', of: ({ calls }) => faultsOf(calls), in: scenarios },
];

/** Others each day, where it is not all of them. */
function sample<T>(all: readonly T[], variant: number): readonly T[] {
  const ofToday = (today * 7 + variant * 3) % Math.min(all.length, oneOf ?? Infinity);
  return all.filter((_, position) => (oneOf ? position % oneOf === ofToday : position === ofToday));
}

/** On all engines at once: each has a service of its own. Answers what was not in order afterwards. */
async function disturbAll(scenario: Scenario, chosen: readonly Kind[]): Promise<string[]> {
  const failures = await Promise.all(disturbed.map((engine) => disturbOn(engine, scenario, chosen)));
  return failures.flat();
}

async function disturbOn(engine: EngineUnderTest, scenario: Scenario, chosen: readonly Kind[]): Promise<string[]> {
  const rig = await FaultRig.start(engine, scenario);
  try {
    const recorded = await rig.record();
    return await disturb(
      rig,
      chosen.flatMap((kind) => sample(kind.of(recorded), disturbed.indexOf(engine))),
    );
  } finally {
    await rig.stop();
  }
}

describeOnEngine('chaos: one container with the name, running, as its user set it, nothing left over', () => {
  beforeAll(() => containerd?.start(), 120_000);
  afterAll(() => containerd?.stop());
  afterEach(() => {
    if (oneOf) writeReport('docs/chaos.md', oneOf);
  });

  if (oneOf)
    describe.each(kinds)('where $title', (kind) => {
      (kind.in.length > 0 ? it : it.skip).each(kind.in.length > 0 ? kind.in : scenarios)(
        'in every %s',
        async (scenario) => {
          expect(await disturbAll(scenario, [kind])).toEqual([]);
        },
        limitMs,
      );
    });
  else
    it.each(sample(scenarios, 0))(
      'at one point of each kind, in one %s',
      async (scenario) => {
        const chosen = kinds.filter((kind) => kind.in.includes(scenario));
        expect(await disturbAll(scenario, chosen)).toEqual([]);
      },
      limitMs,
    );
});

describeOnNewestEngine('chaos on the newest engine', () => {
  it('is made beside that on the oldest one', () => {
    expect(engines).toHaveLength(2);
  });
});

describe('fault points', () => {
  it('are generated from the calls: before and after each', () => {
    const points = killsAround([{ index: 0, method: 'POST', path: '/containers/create' }]);
    expect(points.map(({ at }) => at)).toEqual([
      'killed before call 0, POST /containers/create',
      'killed after call 0, POST /containers/create',
    ]);
  });
});
