// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeOnEachEngine, docker, uniqueImage } from './support/environment.js';
import { publish } from './support/images.js';
import { Service } from './support/service.js';
import { withoutImage } from './support/services.js';
import { monitorMs, Swarm } from './support/swarm.js';

const failing = { version: 'bad', cmd: ['/bin/sh', '-c', 'echo no such luck; exit 3'] };

describeOnEachEngine('a service of a Swarm', (engine) => {
  /** Not on an engine that others use: it becomes a Swarm for a while. */
  const itHere = engine.private ? it : it.skip;
  let service: Service;
  let swarm: Swarm;

  beforeAll(async () => {
    if (!engine.private) return;
    swarm = await Swarm.init(engine);
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '1s', PROOF_TIMEOUT: '60s' });
    await service.ready();
  }, 120_000);
  afterAll(async () => {
    if (!engine.private) return;
    await service.stop();
    await swarm.leave();
  }, 120_000);

  itHere(
    'is updated to what its tag means, with everything else as it was; then it is up to date',
    async () => {
      const image = uniqueImage('web');
      await publish(docker, image, { version: 'v1' });
      const { name, before } = await swarm.run(image, {
        Mode: { Replicated: { Replicas: 2 } },
        Labels: { team: 'web' },
        TaskTemplate: {
          ContainerSpec: { Image: '', Env: ['A=1'], Labels: { inner: 'yes' } },
          Placement: { Constraints: ['node.role==manager'] },
          RestartPolicy: { Condition: 'any', Delay: 100_000_000 },
        },
      });
      expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'up_to_date', running: true });
      await publish(docker, image, { version: 'v2' });
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', service: name, image });
      expect(deployment.stages.map(({ stage }) => stage)).toEqual(['recover', 'inspect', 'pull', 'swap', 'prove']);
      const after = await swarm.inspect(name);
      expect(after.Spec.TaskTemplate.ContainerSpec?.Image).toBe(`${image}@${String(deployment.digest)}`);
      expect(before.Spec.TaskTemplate.ContainerSpec?.Image).toBe(`${image}@${String(deployment.fromDigest)}`);
      expect(withoutImage(after.Spec)).toEqual(withoutImage(before.Spec));
      expect(after.Spec.TaskTemplate.Placement?.Platforms).toEqual([{ Architecture: 'amd64', OS: 'linux' }]);
      const running = await swarm.running(name);
      expect(running.map(({ Spec }) => Spec.ContainerSpec?.Image)).toEqual(
        Array(2).fill(after.Spec.TaskTemplate.ContainerSpec?.Image),
      );
      expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'up_to_date', running: true });
      await swarm.remove(name);
    },
    180_000,
  );

  itHere(
    'is left half-way where its failure action is pause, and said to be; the next notify goes on with it',
    async () => {
      const image = uniqueImage('paused');
      await publish(docker, image, { version: 'v1' });
      const { name } = await swarm.run(image, { Mode: { Replicated: { Replicas: 2 } } });
      await publish(docker, image, failing);
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({
        status: 'failed',
        service: name,
        error: { code: 'update_paused', stage: 'prove', exitCode: 3, logTail: ['no such luck'] },
      });
      expect(deployment.error?.message).toContain('non-zero exit (3)');
      expect(await service.update(name, 90_000)).toMatchObject({ status: 'failed', error: { code: 'update_paused' } });
      await publish(docker, image, { version: 'v2' });
      expect(await service.update(name, 90_000)).toMatchObject({ status: 'succeeded', result: 'updated' });
      await swarm.remove(name);
    },
    240_000,
  );

  itHere(
    'is rolled back where its failure action says so, and never called a success',
    async () => {
      const image = uniqueImage('rolled');
      await publish(docker, image, { version: 'v1' });
      const { name, before } = await swarm.run(image, {
        UpdateConfig: { Parallelism: 1, Monitor: monitorMs * 1_000_000, FailureAction: 'rollback' },
      });
      await publish(docker, image, failing);
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({
        status: 'rolled_back',
        error: { code: 'exited', stage: 'prove', exitCode: 3, logTail: ['no such luck'] },
      });
      expect((await swarm.inspect(name)).Spec).toEqual(before.Spec);
      expect(await swarm.running(name)).toHaveLength(1);
      await swarm.remove(name);
    },
    240_000,
  );
});
