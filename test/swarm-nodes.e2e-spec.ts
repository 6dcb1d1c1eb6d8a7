// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { absentEngine, describeOnNewestEngine, docker, engines } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { monitorMs, Swarm } from './support/engine/swarm.js';
import { until } from './support/runner/until.js';

const addresses = ['10.217.43.1', '10.217.43.2'] as const;

// One engine of each version: the older one manages and runs nothing itself, the newest one works.
describeOnNewestEngine('a Swarm whose drained manager has a worker', () => {
  const [manager = absentEngine('an engine'), worker = absentEngine('the newest engine')] = engines;
  const namespaces = worker.private?.namespaces;
  const itHere = manager.private && namespaces ? it : it.skip;
  let service: Service;
  let swarm: Swarm;

  beforeAll(async () => {
    if (!manager.private || !namespaces) return;
    await namespaces.connect(`${addresses[0]}/30`, `${addresses[1]}/30`);
    swarm = await Swarm.init(manager, addresses[0]);
    await swarm.addWorker(worker, addresses[1]);
    await swarm.setAvailability('drain');
    service = await Service.start({ DOCKER_HOST: manager.dockerHost, SETTLE_TIME: '1s' });
    await service.ready();
  }, 120_000);
  afterAll(async () => {
    if (!manager.private || !namespaces) return;
    await service.stop();
    await worker.docker.swarmLeave({ force: true });
    await swarm.leave();
  }, 120_000);

  itHere(
    'updates a service there, tells what a task said there, and sees Swarm roll it back',
    async () => {
      const { name, image } = await swarm.runApp('away', {
        UpdateConfig: { Parallelism: 1, Monitor: monitorMs * 1_000_000, FailureAction: 'rollback' },
      });
      expect(await manager.docker.listContainers({ filters: { name: [name] } })).toEqual([]);
      await publish(docker, image, { version: 'v2' });
      const updated = await service.update(name, 90_000);
      expect(updated).toMatchObject({ status: 'succeeded', result: 'updated', service: name });
      await publish(docker, image, { version: 'bad', cmd: ['/bin/sh', '-c', 'echo said over there; exit 3'] });
      expect(await service.update(name, 90_000)).toMatchObject({
        status: 'rolled_back',
        error: { code: 'exited', exitCode: 3, logTail: ['said over there'] },
      });
      const [task] = await swarm.running(name);
      expect(task?.Spec.ContainerSpec?.Image).toBe(`${image}@${String(updated.digest)}`);
      await swarm.remove(name);
    },
    240_000,
  );

  itHere(
    "refuses a task's container, and knows no services, where it works for the worker's engine",
    async () => {
      const { name } = await swarm.runApp('worked');
      const there = await Service.start({ DOCKER_HOST: worker.dockerHost });
      const task = await until('the container', 30_000, async () => {
        const [container] = await worker.docker.listContainers({ filters: { name: [name] } });
        return container?.Names[0]?.slice(1);
      });
      expect(await there.update(task)).toMatchObject({
        status: 'failed',
        error: { code: 'refused', message: expect.stringContaining('on a manager of the Swarm') },
      });
      expect(await there.update(name)).toMatchObject({ status: 'failed', error: { code: 'no_such_container' } });
      await there.stop();
      await swarm.remove(name);
    },
    120_000,
  );
});
