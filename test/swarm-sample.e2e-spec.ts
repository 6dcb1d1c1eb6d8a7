import { expect } from '@jest/globals';
import { docker } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { describeOnSwarm } from './support/engine/swarm.js';

// What `npm test` has time for; test/swarm.e2e-spec.ts has the rest, on two engines.
describeOnSwarm('a service of a Swarm', ({ engine, itHere, swarm }) => {
  itHere(
    'is updated to what its tag means, and up to date then',
    async () => {
      const service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '100ms' });
      const { name, image } = await swarm().runApp('sample', { UpdateConfig: { Monitor: 100_000_000 } });
      await publish(docker, image, { version: 'v2' });
      expect(await service.update(name, 60_000)).toMatchObject({ result: 'updated', service: name });
      expect(await service.update(name)).toMatchObject({ result: 'up_to_date', running: true });
      await service.stop();
    },
    120_000,
  );
});
