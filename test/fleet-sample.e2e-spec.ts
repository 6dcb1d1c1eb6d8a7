// @needs internet: for redis-server, a Debian package, where it is not there.
import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { announced } from './support/fleet/announced.js';
import { startApp, versionAt } from './support/fixtures/apps.js';
import { describeOnNewestEngine, docker, engines, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { redisProgram, TestRedis } from './support/service/redis.js';
import { Service } from './support/service/service.js';

// What `npm test` has time for; test/fleet.e2e-spec.ts has the rest, on three engines.
(redisProgram ? describeOnNewestEngine : describe.skip)('a fleet of two hosts', () => {
  it('has a container updated on each, one after the other, whoever is asked', async () => {
    const redis = await TestRedis.start();
    const client = new Redis(redis.url);
    const image = uniqueImage('fleet');
    const name = uniqueName('fleet');
    await publish(docker, image, { version: 'v1' });
    const apps = await Promise.all(engines.map((engine) => startApp(image, { name }, undefined, engine)));
    await publish(docker, image, { version: 'v2' });
    const common = { REDIS_URL: redis.url, SETTLE_TIME: '100ms' };
    const services = await Promise.all(
      engines.map(({ dockerHost }, index) =>
        Service.start({ ...common, ROLE: 'agent', HOST_NAME: `host-${index}`, DOCKER_HOST: dockerHost }),
      ),
    );
    try {
      // A host that the fleet has not heard of yet is no part of a deployment.
      await Promise.all(engines.map((_, index) => announced(client, `host-${index}`, name)));
      const api = await Service.start({ ...common, ROLE: 'api', DOCKER_HOST: 'unix:///nowhere.sock' });
      services.push(api);
      await api.ready();
      expect(await api.update(name)).toMatchObject({
        status: 'succeeded',
        hosts: [
          { host: 'host-0', result: 'updated' },
          { host: 'host-1', result: 'updated' },
        ],
      });
      const versions = engines.map((engine, index) => versionAt(apps[index]?.port ?? 0, engine));
      expect(await Promise.all(versions)).toEqual(['v2', 'v2']);
    } finally {
      for (const each of services) await each.kill();
      client.disconnect();
      await redis.kill();
    }
  }, 90_000);
});
