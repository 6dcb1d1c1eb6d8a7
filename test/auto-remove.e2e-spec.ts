// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { describeOnEachEngine, docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { runInside } from './support/runner/run-inside.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const allowed = { 'trigger-docker-pull.allow-auto-remove': 'true' };

describeOnEachEngine('a container run with --rm', (engine) => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '200ms' });
    await service.ready();
  });
  afterAll(() => service.stop());

  const inspect = (name: string): Promise<Docker.ContainerInspectInfo> => engine.docker.getContainer(name).inspect();
  const inside = (name: string, command: string): Promise<string> =>
    runInside(engine.docker.getContainer(name), 'sh', '-c', command);
  const leftovers = async (name: string): Promise<string[]> =>
    (await engine.docker.listContainers({ all: true, filters: { name: [`${name}-upd-`] } })).map(({ Id }) => Id);

  /** With an anonymous volume, which the engine would remove along with the container, and data in it. */
  const run = async (
    Labels: Record<string, string> = allowed,
  ): Promise<{ name: string; image: string; id: string }> => {
    const image = uniqueImage('vanishing');
    await publish(docker, image, { version: 'v1' });
    await pullImage(engine.docker, image);
    const name = uniqueName('vanishing');
    const HostConfig = { AutoRemove: true };
    const container = await engine.docker.createContainer({
      name,
      Image: image,
      Labels,
      HostConfig,
      Volumes: { '/data': {} },
    });
    await container.start();
    await inside(name, 'echo kept > /data/file');
    return { name, image, id: container.id };
  };
  const remove = (name: string): Promise<unknown> => engine.docker.getContainer(name).remove({ force: true });

  it('is refused without the label that allows it', async () => {
    const { name, image, id } = await run({});
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({
      status: 'failed',
      error: { code: 'refused', stage: 'inspect', message: expect.stringContaining('allow-auto-remove=true') },
    });
    expect(await inspect(name)).toMatchObject({ Id: id, State: { Running: true } });
    await remove(name);
  });

  it('is updated with it, and keeps the data of its anonymous volume', async () => {
    const { name, image, id } = await run();
    await publish(docker, image, { version: 'v2' });
    const deployment = await service.update(name);
    expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
    const after = await inspect(name);
    expect(after.Id).not.toBe(id);
    expect(after).toMatchObject({
      Id: deployment.containerId,
      HostConfig: { AutoRemove: true },
      State: { Running: true },
    });
    expect(await inside(name, '/bin/busybox cat /data/file /www/index.html')).toMatch(/^kept\s+v2/);
    expect(await leftovers(name)).toEqual([]);
    await remove(name);
  });

  it.each([
    ['ends at once', { version: 'v2', cmd: ['/bin/sh', '-c', 'exit 3'] }, /exited|restarting/],
    ['cannot be started', { version: 'v2', cmd: ['/no/such/program'] }, /start_failed/],
  ])('comes back as a copy of the same image, with its data, where the new one %s', async (_, bad, code) => {
    const { name, image, id } = await run();
    const { Image } = await inspect(name);
    await publish(docker, image, bad);
    const deployment = await service.update(name);
    expect(deployment).toMatchObject({
      status: 'rolled_back',
      error: { code: expect.stringMatching(code) },
      warnings: expect.arrayContaining([expect.stringContaining('a copy of it')]),
      tagRestored: true,
    });
    const after = await inspect(name);
    expect(after.Id).not.toBe(id);
    expect(after).toMatchObject({
      Id: deployment.containerId,
      Image,
      HostConfig: { AutoRemove: true },
      State: { Running: true },
    });
    expect(after.Config.Image).toBe(image);
    expect(await inside(name, '/bin/busybox cat /data/file /www/index.html')).toMatch(/^kept\s+v1/);
    expect(await leftovers(name)).toEqual([]);
    await remove(name);
  });

  it.each([
    ['the new one runs: it is proved', false, 'v2'],
    ['the new one has vanished: the copy takes its place', true, 'v1'],
  ])('is put right where the service was killed during the proof, and %s', async (_, isGone, version) => {
    const { name, image, id } = await run({ ...allowed, 'trigger-docker-pull.settle': '3s' });
    await publish(docker, image, { version: 'v2' });
    await service.notify(name);
    const replacement = await until('the start of the new container', 30_000, async () => {
      const found = await inspect(name).catch(() => undefined);
      return found && found.Id !== id && found.State.Running ? found.Id : undefined;
    });
    await service.kill();
    if (isGone) {
      await remove(replacement);
    }
    await service.restart();
    await service.ready();
    expect(await inside(name, '/bin/busybox cat /data/file /www/index.html')).toMatch(
      new RegExp(`^kept\\s+${version}`),
    );
    expect(await leftovers(name)).toEqual([]);
    await remove(name);
  });

  it.each<Record<string, string>>([
    { 'trigger-docker-pull.order': 'start-first' },
    { 'trigger-docker-pull.on-failure': 'stop' },
  ])('is refused in prepare, untouched, with %o', async (wish) => {
    const { name, image, id } = await run({ ...allowed, ...wish });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({
      status: 'failed',
      error: { code: 'refused', stage: 'prepare', message: expect.stringContaining('--rm') },
    });
    expect(await inspect(name)).toMatchObject({ Id: id, State: { Running: true } });
    expect(await leftovers(name)).toEqual([]);
    await remove(name);
  });
});
