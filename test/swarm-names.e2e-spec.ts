// @extended
import { afterAll, beforeAll, expect } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineProxy, type Fate } from './support/engine/engine-proxy.js';
import { docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, publishUnseen } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service } from './support/service/service.js';
import { describeOnEachSwarm } from './support/engine/swarm.js';

describeOnEachSwarm('what a notify finds in a Swarm', ({ engine, itHere, swarm }) => {
  const secret = 'a-value-that-no-url-may-hold';
  let proxy: EngineProxy;
  let service: Service;

  beforeAll(async () => {
    if (!engine.private) return;
    const { account, privateRegistry } = testEnvironment();
    const auth = Buffer.from(`${account.username}:${account.password}`).toString('base64');
    keepSecret(account.password, auth, secret);
    const policy = join(mkdtempSync(join(tmpdir(), 'policy-')), 'policy.json');
    writeFileSync(policy, JSON.stringify({ containers: [{ name: '*-fenced-*', repositories: ['*/*-fenced-*'] }] }));
    proxy = await EngineProxy.start(engine.dockerHost);
    service = await Service.start({
      DOCKER_HOST: proxy.dockerHost,
      SETTLE_TIME: '1s',
      POLICY_PATH: policy,
      DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [privateRegistry]: { auth } } }),
    });
    await service.ready();
  }, 120_000);
  afterAll(async () => {
    if (!engine.private) return;
    await service.stop();
    proxy.stop();
  });

  const runContainer = async (name: string, image: string): Promise<string> => {
    await pullImage(engine.docker, image);
    const container = await engine.docker.createContainer({ name, Image: image });
    await container.start();
    return container.id;
  };
  const notifyAs = async (name: string, kind: string): Promise<Awaited<ReturnType<Service['deployment']>>> => {
    const answer = await service.fetch(`/notify/${name}?kind=${kind}`, { method: 'POST' });
    expect(answer.status).toBe(202);
    return service.settled(((await answer.json()) as { id: string }).id, 90_000);
  };

  itHere(
    "leads from a task's container to its service, unless the container is asked for",
    async () => {
      const { name, image } = await swarm().runApp('task');
      const task = await swarm().taskContainer(name);
      await publish(docker, image, { version: 'v2' });
      expect(await notifyAs(task, 'container')).toMatchObject({
        status: 'failed',
        error: { code: 'refused', message: expect.stringContaining('managed by Docker Swarm') },
      });
      const plan = await service.fetch(`/notify/${task}?dry_run=true`, { method: 'POST' });
      expect(await plan.json()).toMatchObject({
        service: name,
        eligible: true,
        image,
        order: 'stop-first',
        onFailure: 'pause',
        replicas: 1,
      });
      expect(await service.update(task, 90_000)).toMatchObject({ result: 'updated', container: task, service: name });
      await swarm().remove(name);
    },
    180_000,
  );

  itHere(
    'is the container whose image has the label of a task of another service',
    async () => {
      const victim = await swarm().runApp('victim');
      const labels = { 'com.docker.swarm.service.id': victim.before.ID };
      const [name, image] = [uniqueName('claiming'), uniqueImage('claiming')];
      await publish(docker, image, { version: 'v1', labels });
      const container = await runContainer(name, image);
      await publish(docker, image, { version: 'v2', labels });
      await publish(docker, victim.image, { version: 'v2' });
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', image });
      expect(deployment.service).toBeUndefined();
      expect(deployment.containerId).not.toBe(container);
      expect((await swarm().inspect(victim.name)).Spec).toEqual(victim.before.Spec);
      await engine.docker.getContainer(name).remove({ force: true });
      await swarm().remove(victim.name);
    },
    180_000,
  );

  itHere(
    'goes back to another repository only if the policy lets it, and names the image that it runs then',
    async () => {
      for (const what of ['fenced', 'open']) {
        const [from, image] = [uniqueImage('elsewhere'), uniqueImage('fenced')];
        await publish(docker, from, { version: 'v1' });
        await publish(docker, image, { version: 'v2' });
        const { name, before } = await swarm().run(from, { Name: uniqueName(what) });
        const runsBefore = before.Spec.TaskTemplate.ContainerSpec?.Image;
        await swarm().change(name, (spec) => {
          const { ContainerSpec } = spec.TaskTemplate;
          return { ...spec, TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: { ...ContainerSpec, Image: image } } };
        });
        const deployment = await service.rollBack(name, 90_000);
        const runs = (await swarm().inspect(name)).Spec.TaskTemplate.ContainerSpec?.Image;
        if (what === 'fenced') {
          expect(deployment).toMatchObject({
            status: 'failed',
            error: { code: 'refused', stage: 'pull', message: expect.stringContaining(from) },
          });
          expect(runs).toBe(image);
        } else {
          expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', image: from });
          expect(runs).toBe(runsBefore);
          expect(runs).toBe(`${from}@${String(deployment.digest)}`);
        }
        await swarm().remove(name);
      }
    },
    300_000,
  );

  itHere(
    'is the container where a service has the same name, and says so; the service where it is asked for',
    async () => {
      const { name, image } = await swarm().runApp('both');
      const container = await runContainer(name, image);
      await publish(docker, image, { version: 'v2' });
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(deployment.service).toBeUndefined();
      expect(deployment.containerId).not.toBe(container);
      expect(deployment.warnings).toEqual([expect.stringContaining('ask with ?kind=service')]);
      const forced = await notifyAs(name, 'service');
      expect(forced).toMatchObject({ status: 'succeeded', result: 'updated', service: name, target: 'service' });
      await engine.docker.getContainer(name).remove({ force: true });
      await swarm().remove(name);
    },
    180_000,
  );

  itHere('is nothing where neither has the name', async () => {
    const name = uniqueName('nothing');
    expect(await service.update(name)).toMatchObject({
      error: { code: 'no_such_container', message: expect.stringContaining('no service') },
    });
    expect(await notifyAs(name, 'service')).toMatchObject({ error: { code: 'no_such_service' } });
  });

  itHere(
    'is changed as it is now, where somebody else changed it meanwhile; no URL holds what its environment holds',
    async () => {
      const { name, image } = await swarm().runApp('meanwhile', {
        TaskTemplate: { ContainerSpec: { Image: '', Env: [`SECRET=${secret}`] } },
      });
      await publish(docker, image, { version: 'v2' });
      proxy.reset();
      let changes = 0;
      proxy.hooks = {
        before: async ({ method, path }): Promise<Fate> => {
          if (method === 'POST' && /^\/services\/.+\/update/.test(path) && changes++ === 0)
            await swarm().change(name, (spec) => ({ ...spec, Labels: { by: 'somebody else' } }));
          return 'forward';
        },
      };
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
      const { Spec } = await swarm().inspect(name);
      expect(Spec.Labels).toEqual({ by: 'somebody else' });
      expect(Spec.TaskTemplate.ContainerSpec?.Image).toBe(`${image}@${String(deployment.digest)}`);
      const updates = proxy.calls.filter(({ method, path }) => method === 'POST' && path.startsWith('/services/'));
      expect(updates.map(({ statusCode }) => statusCode)).toEqual([500, 200]);
      for (const { path } of updates)
        expect(path).toMatch(/^\/services\/[a-z0-9]{25}\/update\?version=\d+&registryAuthFrom=spec$/);
      proxy.reset();
      await swarm().remove(name);
    },
    180_000,
  );

  itHere(
    'is pulled by the nodes with the credentials of this service, where the service in the Swarm has none',
    async () => {
      const { account, privateRegistry } = testEnvironment();
      const image = `${privateRegistry}/${uniqueName('private')}:latest`;
      await publish(docker, image, { version: 'v1' }, account);
      const { name } = await swarm().run(image, {}, account);
      await publishUnseen(docker, image, { version: 'v2' }, account);
      const deployment = await service.update(name, 90_000);
      expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
      const [task] = await swarm().running(name);
      expect(task?.Spec.ContainerSpec?.Image).toBe(`${image}@${String(deployment.digest)}`);
      await swarm().remove(name);
    },
    180_000,
  );

  itHere(
    'is left alone where the registry wants other credentials',
    async () => {
      const { account, privateRegistry } = testEnvironment();
      const image = `${privateRegistry}/${uniqueName('denied')}:latest`;
      await publish(docker, image, { version: 'v1' }, account);
      const { name, before } = await swarm().run(image, {}, account);
      const anonymous = await Service.start({ DOCKER_HOST: engine.dockerHost });
      expect(await anonymous.update(name)).toMatchObject({
        status: 'failed',
        error: { code: 'pull_unauthorized', stage: 'pull' },
      });
      await anonymous.stop();
      expect((await swarm().inspect(name)).Version).toEqual(before.Version);
      await swarm().remove(name);
    },
    120_000,
  );
});
