import { afterAll, beforeAll } from '@jest/globals';
import { describeOnEachEngine, engines } from '../support/environment.js';
import { Service } from '../support/service.js';
import { composeSuite } from './compose.suite.js';
import { dockerRunSuite } from './docker-run.suite.js';
import { Results } from './results.js';
import { isFull, type Suite } from './suite.js';

const results = new Results();
const onEach: { dockerHost: string; service?: Service; suites: Suite[] }[] = [];

describeOnEachEngine('an update', (engine) => {
  if (engines.indexOf(engine) === 0) results.testPreparation();
  const here: (typeof onEach)[number] = { dockerHost: engine.dockerHost, suites: [] };
  const service = (): Service => {
    if (!here.service) throw new Error('the service was not started');
    return here.service;
  };
  here.suites.push(dockerRunSuite(engine, results, service), composeSuite(engine, results, service));
  if (engines.includes(engine)) onEach.push(here);
});

// The engines side by side; on each, first the containers of the one suite, then those of the other.
beforeAll(
  () =>
    results.prepare(() =>
      Promise.all(
        onEach.map(async (here) => {
          here.service = await Service.start({ DOCKER_HOST: here.dockerHost, SETTLE_TIME: '100ms' });
          await here.service.ready();
          for (const suite of here.suites) await suite.prepare();
        }),
      ),
    ),
  2_400_000,
);

afterAll(async () => {
  for (const { service, suites } of onEach) {
    await service?.stop();
    for (const suite of suites) await suite.cleanUp();
  }
  if (!isFull) return;
  await results.publish(
    'docs/conformance.md',
    engines.map(({ title }) => title),
  );
}, 300_000);
