import { afterAll, beforeAll } from '@jest/globals';
import { ContainerdEngine, describeOnContainerdEngine } from '../support/engine/containerd-engine.js';
import { describeOnEachEngine, engines, type EngineUnderTest } from '../support/runner/environment.js';
import { Service } from '../support/service/service.js';
import { composeSuite } from './compose.suite.js';
import { dockerRunSuite } from './docker-run.suite.js';
import { Results } from './results.js';
import { isFull, type Suite } from './suite.js';

const results = new Results();
const containerd = ContainerdEngine.make();
const all = [...engines, ...(containerd ? [containerd.engine] : [])];
const onEach: { engine: EngineUnderTest; service?: Service; suites: Suite[] }[] = [];

const testUpdates = (engine: EngineUnderTest): void => {
  if (engines.indexOf(engine) === 0) results.testPreparation();
  const here: (typeof onEach)[number] = { engine, suites: [] };
  const service = (): Service => {
    if (!here.service) throw new Error('the service was not started');
    return here.service;
  };
  here.suites.push(dockerRunSuite(engine, results, service), composeSuite(engine, results, service));
  if (all.includes(engine)) onEach.push(here);
};
describeOnEachEngine('an update', testUpdates);
describeOnContainerdEngine('an update', containerd, testUpdates);

// The engines side by side; on each, first the containers of the one suite, then those of the other.
beforeAll(
  () =>
    results.prepare(async () => {
      await containerd?.start();
      await Promise.all(
        onEach.map(async (here) => {
          here.service = await Service.start({ DOCKER_HOST: here.engine.dockerHost, SETTLE_TIME: '100ms' });
          await here.service.ready();
          for (const suite of here.suites) await suite.prepare();
        }),
      );
    }),
  3_600_000,
);

afterAll(async () => {
  for (const { service, suites } of onEach) {
    await service?.stop();
    for (const suite of suites) await suite.cleanUp();
  }
  await containerd?.stop();
  if (!isFull) return;
  await results.publish(
    'docs/conformance.md',
    all.map(({ title }) => title),
  );
}, 300_000);
