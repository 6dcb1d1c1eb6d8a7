// @extended
import { afterAll, beforeAll, expect } from '@jest/globals';
import type { Deployment } from '../src/deployments/deployment.js';
import { labels } from '../src/docker/update/labels.js';
import { docker } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { withoutImage } from './support/fixtures/services.js';
import { describeOnEachSwarm, monitorMs } from './support/engine/swarm.js';
import { until } from './support/runner/until.js';

const failing = { version: 'bad', cmd: ['/bin/sh', '-c', 'echo no such luck; exit 3'] };

describeOnEachSwarm('a service of a Swarm', ({ engine, itHere, swarm }) => {
  let service: Service;

  beforeAll(async () => {
    if (!engine.private) return;
    service = await Service.start({
      DOCKER_HOST: engine.dockerHost,
      SETTLE_TIME: '1s',
      PROOF_TIMEOUT: '60s',
      DIGEST_TIMEOUT: '1s',
    });
    await service.ready();
  }, 120_000);
  afterAll(async () => {
    if (engine.private) await service.stop();
  });

  const imageOf = async (name: string): Promise<string | undefined> =>
    (await swarm().inspect(name)).Spec.TaskTemplate.ContainerSpec?.Image;

  itHere(
    'is updated to what its tag means, with everything else as it was; then it is up to date',
    async () => {
      const { name, image, before } = await swarm().runApp('web', {
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
      const after = await swarm().inspect(name);
      expect(after.Spec.TaskTemplate.ContainerSpec?.Image).toBe(`${image}@${String(deployment.digest)}`);
      expect(before.Spec.TaskTemplate.ContainerSpec?.Image).toBe(`${image}@${String(deployment.fromDigest)}`);
      expect(withoutImage(after.Spec)).toEqual(withoutImage(before.Spec));
      expect(after.Spec.TaskTemplate.Placement?.Platforms).toEqual([{ Architecture: 'amd64', OS: 'linux' }]);
      const running = await swarm().running(name);
      expect(running.map(({ Spec }) => Spec.ContainerSpec?.Image)).toEqual(
        Array(2).fill(after.Spec.TaskTemplate.ContainerSpec?.Image),
      );
      expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'up_to_date', running: true });
      await swarm().remove(name);
    },
    180_000,
  );

  itHere(
    'is updated to the digest that was pushed, and to no other',
    async () => {
      const { name, image, before } = await swarm().runApp('digest');
      await publish(docker, image, { version: 'v2' });
      const notify = async (digest: string): Promise<Deployment> => {
        const answer = await service.fetch(`/notify/${name}?digest=${digest}`, { method: 'POST' });
        return service.settled(((await answer.json()) as { id: string }).id, 90_000);
      };
      const refused = await notify(`sha256:${'0'.repeat(64)}`);
      expect(refused).toMatchObject({ status: 'failed', error: { code: 'digest_mismatch', stage: 'pull' } });
      expect((await swarm().inspect(name)).Version).toEqual(before.Version);
      const pushed = String(refused.error?.servedDigest);
      expect(await notify(pushed)).toMatchObject({ status: 'succeeded', result: 'updated', digest: pushed });
      expect(await imageOf(name)).toBe(`${image}@${pushed}`);
      await swarm().remove(name);
    },
    120_000,
  );

  itHere(
    'is left half-way where its failure action is pause, and said to be; the next notify goes on with it',
    async () => {
      const { name, image } = await swarm().runApp('paused', {
        Mode: { Replicated: { Replicas: 2 } },
        // So long that a failure of the first task is seen before the second one is replaced.
        UpdateConfig: { Parallelism: 1, Delay: 10_000_000_000, Monitor: monitorMs * 1_000_000 },
      });
      await publish(docker, image, failing);
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({
        status: 'failed',
        service: name,
        error: { code: 'update_paused', stage: 'prove', exitCode: 3, logTail: ['no such luck'] },
      });
      expect(deployment.error?.message).toContain('non-zero exit (3)');
      // Swarm goes on to the other task and stops there; or has been there already, has nothing left to do, and goes on failing.
      const again = await service.update(name, 90_000);
      expect(again).toMatchObject({ status: 'failed', error: { stage: 'prove', exitCode: 3 } });
      expect(['update_paused', 'exited']).toContain(again.error?.code);
      await publish(docker, image, { version: 'v2' });
      expect(await service.update(name, 90_000)).toMatchObject({ status: 'succeeded', result: 'updated' });
      await swarm().remove(name);
    },
    300_000,
  );

  itHere(
    'is no success where Swarm calls it one, for its failure action is continue, and the tasks fail again and again',
    async () => {
      const { name, image } = await swarm().runApp('continued', {
        UpdateConfig: { Parallelism: 1, Monitor: 100_000_000, FailureAction: 'continue' },
      });
      await publish(docker, image, failing);
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({
        status: 'failed',
        error: { code: 'exited', stage: 'prove', exitCode: 3, logTail: ['no such luck'] },
      });
      expect(deployment.error?.message).toContain('again and again');
      await swarm().remove(name);
    },
    180_000,
  );

  itHere(
    'is rolled back where its failure action says so, and never called a success',
    async () => {
      const { name, image, before } = await swarm().runApp('rolled', {
        UpdateConfig: { Parallelism: 1, Monitor: monitorMs * 1_000_000, FailureAction: 'rollback' },
      });
      await publish(docker, image, failing);
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({
        status: 'rolled_back',
        error: { code: 'exited', stage: 'prove', exitCode: 3, logTail: ['no such luck'] },
      });
      expect((await swarm().inspect(name)).Spec).toEqual(before.Spec);
      expect(await swarm().running(name)).toHaveLength(1);
      await swarm().remove(name);
    },
    300_000,
  );

  itHere(
    'goes back to the image before and forward again, and is left alone where Swarm would take back more',
    async () => {
      const { name, image, before } = await swarm().runApp('way-back');
      expect(await service.rollBack(name)).toMatchObject({ error: { code: 'no_previous_image' } });
      await publish(docker, image, { version: 'v2' });
      const { digest } = await service.update(name, 90_000);
      const back = await service.rollBack(name, 90_000);
      expect(back).toMatchObject({ status: 'succeeded', result: 'updated', fromDigest: digest });
      expect((await swarm().inspect(name)).Spec).toEqual(before.Spec);
      expect(await service.rollBack(name, 90_000)).toMatchObject({ status: 'succeeded', digest });
      await swarm().change(name, (spec) => ({ ...spec, Labels: { by: 'hand' } }));
      expect(await service.rollBack(name)).toMatchObject({ error: { code: 'no_previous_image', stage: 'pull' } });
      await swarm().remove(name);
    },
    300_000,
  );

  itHere(
    'is updated where it has no replicas, and where it is global',
    async () => {
      for (const Mode of [{ Replicated: { Replicas: 0 } }, { Global: {} }]) {
        const { name, image } = await swarm().runApp('mode', { Mode });
        await publish(docker, image, { version: 'v2' });
        const deployment = await service.update(name, 90_000);
        expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
        expect(await imageOf(name)).toBe(`${image}@${String(deployment.digest)}`);
        await swarm().remove(name);
      }
    },
    180_000,
  );

  itHere(
    'is not proved where the only node is drained; the next notify waits for the update that goes on once it is back',
    async () => {
      const { name, image } = await swarm().runApp('drained', { Labels: { [labels.timeout]: '2s' } });
      await swarm().setAvailability('drain');
      await until('the end of the task', 60_000, async () => (await swarm().running(name)).length === 0 || undefined);
      await publish(docker, image, { version: 'v2' });
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({ status: 'failed', error: { code: 'proof_timeout', stage: 'prove' } });
      expect(deployment.error?.message).toContain('no suitable node');
      await swarm().change(name, (spec) => ({ ...spec, Labels: {} }));
      await swarm().setAvailability('active');
      const next = await service.update(name, 90_000);
      expect(next).toMatchObject({ status: 'succeeded', digest: deployment.digest });
      await until('the task', 60_000, async () => (await swarm().running(name)).length === 1 || undefined);
      await swarm().remove(name);
    },
    240_000,
  );

  itHere(
    'goes on by itself where this service is stopped in the middle, and is found updated afterwards',
    async () => {
      const slow = ['/bin/sh', '-c', '/bin/busybox sleep 8; exec /bin/busybox httpd -f -p 80 -h /www'];
      const Test = ['CMD', '/bin/busybox', 'wget', '-q', '-O', '/dev/null', 'http://127.0.0.1/'];
      const config = { Healthcheck: { Test, Interval: 1e9, StartPeriod: 60e9 } };
      const { name, image } = await swarm().runApp('interrupted');
      await publish(docker, image, { version: 'v2', cmd: slow, config });
      const other = await Service.start({ DOCKER_HOST: engine.dockerHost, DRAIN_TIMEOUT: '2s', SETTLE_TIME: '1s' });
      await other.notify(name);
      await until('the proof', 60_000, () => other.logs.find(({ message }) => message === `${name}: prove`));
      await other.stop();
      const end = other.logs.find(({ message }) => message.includes('dropped: interrupted'));
      expect(end?.message).toContain('Swarm goes on with the update by itself');
      const next = await service.update(name, 90_000);
      expect(next).toMatchObject({ status: 'succeeded', service: name });
      expect(await imageOf(name)).toBe(`${image}@${String(next.digest)}`);
      const [task] = await swarm().running(name);
      expect(task?.Spec.ContainerSpec?.Image).toBe(await imageOf(name));
      await swarm().remove(name);
    },
    240_000,
  );
});
