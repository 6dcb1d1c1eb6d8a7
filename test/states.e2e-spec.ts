// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { text } from 'node:stream/consumers';
import { describeOnEachEngine, docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

describeOnEachEngine('the state of a container', (engine) => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '100ms' });
    await service.ready();
  });
  afterAll(() => service.stop());

  const create = async (
    app: Parameters<typeof publish>[2],
    options: Docker.ContainerCreateOptions = {},
  ): Promise<Docker.Container & { image: string; name: string }> => {
    const image = uniqueImage('state');
    await publish(docker, image, app);
    await pullImage(engine.docker, image);
    const name = uniqueName('state');
    // Kept apart, or dockerode would put all of it into the URL.
    const request = { _query: { name }, _body: { Image: image, ...options } } as Docker.ContainerCreateOptions;
    return Object.assign(await engine.docker.createContainer(request), { image, name });
  };
  const inspect = (name: string): Promise<Docker.ContainerInspectInfo> => engine.docker.getContainer(name).inspect();

  it('created: recreated, and left so', async () => {
    const { name, id, image } = await create({ version: 'v1' });
    expect(await service.update(name)).toMatchObject({ result: 'up_to_date', running: false });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({ result: 'updated' });
    const { Id, State } = await inspect(name);
    expect(Id).not.toBe(id);
    expect(State.Status).toBe('created');
    await engine.docker.getContainer(name).remove();
  }, 180_000);

  it('stopped: recreated, and not started; the record of an up-to-date one says that it does not run', async () => {
    const { name, image, ...container } = await create(
      { version: 'v1' },
      { HostConfig: { RestartPolicy: { Name: 'always' } } },
    );
    const old = engine.docker.getContainer(container.id);
    await old.start();
    expect(await service.update(name)).toMatchObject({ result: 'up_to_date', running: true });
    await old.stop();
    expect(await service.update(name)).toMatchObject({ result: 'up_to_date', running: false });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({ result: 'updated' });
    const { State, HostConfig } = await inspect(name);
    expect(State.Running).toBe(false);
    expect(HostConfig.RestartPolicy).toMatchObject({ Name: 'always' });
    await engine.docker.getContainer(name).remove();
  });

  it('moby/moby#42351: nothing is renamed while it runs', async () => {
    const { name, id, image } = await create({ version: 'v1' });
    await engine.docker.getContainer(id).start();
    await publish(docker, image, { version: 'v2' });
    // To the millisecond: the start above may lie in the same second.
    const since = Date.now() / 1000;
    const { containerId } = await service.update(name);
    const stream = await engine.docker.getEvents({ since, until: Math.floor(Date.now() / 1000) + 2 });
    const events = (await text(stream))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { Action: string; Actor: { ID: string } });
    const of = (container: string | undefined): string[] =>
      events
        .filter(
          ({ Action, Actor }) => Actor.ID === container && /^(create|start|stop|die|rename|destroy)$/.test(Action),
        )
        .map(({ Action }) => Action);
    expect(of(id).filter((action) => action !== 'die')).toEqual(['stop', 'rename', 'destroy']);
    // The first rename is the mark that the old container was told to stop.
    expect(of(containerId)).toEqual(['create', 'rename', 'rename', 'start']);
    await engine.docker.getContainer(name).remove({ force: true });
  });

  it('getwud/wud#621: a configuration that no URL could hold', async () => {
    const Env = Array.from({ length: 12 }, (_, index) => `LARGE_${index}=${'x'.repeat(100_000)}`);
    const { name, image } = await create({ version: 'v1' }, { Env });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect((await inspect(name)).Config.Env).toEqual(expect.arrayContaining(Env));
    await engine.docker.getContainer(name).remove();
  });

  it('paused: refused, before anything is pulled', async () => {
    const { name, id } = await create({ version: 'v1' });
    await engine.docker.getContainer(id).start();
    await engine.docker.getContainer(id).pause();
    const deployment = await service.update(name);
    expect(deployment).toMatchObject({ status: 'failed', error: { code: 'refused', stage: 'inspect' } });
    expect(deployment.stages.map(({ stage }) => stage)).not.toContain('pull');
    expect((await inspect(name)).State.Paused).toBe(true);
    await engine.docker.getContainer(id).remove({ force: true });
  });

  const crash = { version: 'v1', cmd: ['/bin/sh', '-c', 'exit 1'] };
  const createCrashing = async (): ReturnType<typeof create> => {
    const container = await create(crash, { HostConfig: { RestartPolicy: { Name: 'always' } } });
    await container.start();
    await until('the crash loop', 20_000, async () => (await inspect(container.name)).State.Restarting || undefined);
    return container;
  };

  it('restarting, in a crash loop: counts as running, and the new image ends the loop', async () => {
    const { name, image } = await createCrashing();
    await publish(docker, image, { version: 'v2' });
    const deployment = await service.update(name, 60_000);
    expect(deployment.error).toBeUndefined();
    expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect((await inspect(name)).State).toMatchObject({ Running: true, Restarting: false });
    await engine.docker.getContainer(name).remove({ force: true });
  }, 120_000);

  it('restarting, and the new image does no better: the old container is back, restarting', async () => {
    const { name, image, id } = await createCrashing();
    await publish(docker, image, { ...crash, version: 'v2' });
    const deployment = await service.update(name, 60_000);
    expect(deployment).toMatchObject({ status: 'rolled_back', error: { stage: 'prove' } });
    const { Id, HostConfig } = await inspect(name);
    expect(Id).toBe(id);
    expect(HostConfig.RestartPolicy).toMatchObject({ Name: 'always' });
    await until('the crash loop again', 20_000, async () => (await inspect(name)).RestartCount > 0 || undefined);
    await engine.docker.getContainer(name).remove({ force: true });
  }, 120_000);

  const byLabel = ([label, manager]: readonly [string, string]) =>
    [`managed by ${manager}`, () => ({ Labels: { [label]: 'true' } }), 'refused'] as const;
  const digestOf = async (image: string): Promise<string> => {
    const { RepoDigests } = await engine.docker.getImage(image).inspect();
    return RepoDigests[0] ?? '';
  };
  const idOf = async (image: string): Promise<string> => (await engine.docker.getImage(image).inspect()).Id;
  const refused: (readonly [string, (image: string) => object | Promise<object>, string])[] = [
    ...(
      [
        ['com.docker.swarm.task.id', 'Swarm'],
        ['com.docker.swarm.service.id', 'Swarm, as a service'],
        ['com.docker.compose.oneoff', 'Compose, as a one-off'],
        ['com.docker.compose.hook', 'Compose, as a hook'],
        ['io.kubernetes.pod.name', 'Kubernetes'],
        ['com.hashicorp.nomad.alloc_id', 'Nomad'],
        ['com.amazonaws.ecs.task-arn', 'Amazon ECS'],
        ['PODMAN_SYSTEMD_UNIT', 'systemd'],
      ] as const
    ).map(byLabel),
    ['known by the id of its image', async (image) => ({ Image: await idOf(image) }), 'image_pinned'],
    ['known by a part of that id', async (image) => ({ Image: (await idOf(image)).slice(7, 19) }), 'image_pinned'],
    ['pinned to a digest', async (image) => ({ Image: await digestOf(image) }), 'image_pinned'],
  ];

  it.each(refused)(
    'refused, before anything is pulled or touched: a container that is %s',
    async (_, options, code) => {
      const { image, id: unused } = await create({ version: 'v1' });
      await engine.docker.getContainer(unused).remove();
      const name = uniqueName('refused');
      const container = await engine.docker.createContainer({ name, Image: image, ...(await options(image)) });
      const before = await container.inspect();
      const deployment = await service.update(name);
      expect(deployment).toMatchObject({ status: 'failed', error: { code, stage: 'inspect' } });
      expect(deployment.stages.map(({ stage }) => stage)).toEqual(['recover', 'inspect']);
      expect(await container.inspect()).toEqual(before);
      await container.remove();
    },
  );
});
