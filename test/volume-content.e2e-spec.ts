import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import type { UpdatePlan } from '../src/docker/plan/plan.js';
import { describeOnEachEngine, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { Service } from './support/service/service.js';

describeOnEachEngine('files of an image in a volume', (engine) => {
  const { docker } = engine;
  const made: string[] = [];
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: engine.dockerHost });
    await service.ready();
  });
  afterEach(async () => {
    for (const name of made.splice(0)) await docker.getContainer(name).remove({ force: true, v: true });
  });
  afterAll(() => service.stop());

  const version = (content: string, files: Record<string, string> = {}): AppImage => ({
    version: content,
    files: { 'srv/code': content, 'data/.keep': '', ...files },
    config: { Volumes: { '/srv': {}, '/data': {} } },
  });
  const run = async (image: string, first: AppImage, more: Docker.ContainerCreateOptions = {}): Promise<string> => {
    await publish(docker, image, first);
    await pullImage(docker, image);
    const name = uniqueName('volume');
    made.push(name);
    await (await docker.createContainer({ name, Image: image, ...more })).start();
    return name;
  };
  const inspect = (name: string): Promise<Docker.ContainerInspectInfo> => docker.getContainer(name).inspect();
  const volumeAt = async (name: string, path: string): Promise<string> =>
    (await inspect(name)).Mounts.find(({ Destination }) => Destination === path)?.Name ?? '';
  const exists = (volume: string): Promise<boolean> =>
    docker
      .getVolume(volume)
      .inspect()
      .then(() => true)
      .catch(() => false);
  const sh = async (name: string, script: string): Promise<string> => {
    const exec = await docker
      .getContainer(name)
      .exec({ Cmd: ['/bin/sh', '-c', script], AttachStdout: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    let output = '';
    for await (const chunk of stream) output += String(chunk);
    return output.trim();
  };
  const plan = async (name: string): Promise<UpdatePlan> =>
    (await (await service.fetch(`/notify/${name}?dry_run=true`, { method: 'POST' })).json()) as UpdatePlan;
  const renew = (paths: string): Docker.ContainerCreateOptions => ({
    Labels: { 'trigger-docker-pull.renew-volumes': paths },
  });

  it('are told where an anonymous volume hides those that changed, and only those', async () => {
    const image = uniqueImage('hidden');
    const name = await run(image, version('v1'));
    const before = await volumeAt(name, '/srv');
    await publish(docker, image, version('v2'));
    const updated = await service.update(name);
    expect(updated).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(updated.warnings).toEqual([expect.stringContaining('renew-volumes=/srv')]);
    expect(await volumeAt(name, '/srv')).toBe(before);
    expect(await sh(name, '/bin/busybox cat /srv/code')).toBe('v1');
    // The same again: nothing there has changed.
    await publish(docker, image, version('v2', { 'www/more': 'more' }));
    expect((await service.update(name)).warnings).toBeUndefined();
    const left = await docker.listContainers({ all: true, filters: { name: [name] } });
    expect(left.flatMap(({ Names }) => Names)).toEqual([`/${name}`]);
  }, 120_000);

  it('are used where the label asks for a fresh volume; the old one is kept until the next update', async () => {
    const image = uniqueImage('renewed');
    const name = await run(image, version('v1'), renew('/srv'));
    const first = await volumeAt(name, '/srv');
    const data = await volumeAt(name, '/data');
    await sh(name, 'echo mine > /data/file');
    await publish(docker, image, version('v2'));
    const updated = await service.update(name);
    expect(updated).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(updated.warnings).toBeUndefined();
    expect(await sh(name, '/bin/busybox cat /srv/code')).toBe('v2');
    expect(await sh(name, '/bin/busybox cat /data/file')).toBe('mine');
    const second = await volumeAt(name, '/srv');
    expect(second).not.toBe(first);
    expect(await exists(first)).toBe(true);

    await publish(docker, image, version('v3'));
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await sh(name, '/bin/busybox cat /srv/code')).toBe('v3');
    expect(await exists(first)).toBe(false);
    expect(await exists(second)).toBe(true);
    expect(await volumeAt(name, '/data')).toBe(data);
    expect(await sh(name, '/bin/busybox cat /data/file')).toBe('mine');
    await docker.getVolume(second).remove();
  }, 120_000);

  it('are back in the old volume where the update is rolled back', async () => {
    const image = uniqueImage('broken');
    const name = await run(image, version('v1'), renew('/srv'));
    const before = await volumeAt(name, '/srv');
    await sh(name, 'echo changed > /srv/code');
    await publish(docker, image, { ...version('v2'), cmd: ['/bin/sh', '-c', 'exit 3'] });
    expect(await service.update(name)).toMatchObject({ status: 'rolled_back' });
    expect(await volumeAt(name, '/srv')).toBe(before);
    expect(await sh(name, '/bin/busybox cat /srv/code')).toBe('changed');
  }, 120_000);

  it('never take the place of a named volume or a bind: that is refused, also in the dry run', async () => {
    const image = uniqueImage('named');
    const volume = uniqueName('data');
    const name = await run(image, version('v1'), { ...renew('/srv'), HostConfig: { Binds: [`${volume}:/srv`] } });
    const { Id } = await inspect(name);
    await publish(docker, image, version('v2'));
    const refusal = { code: 'refused', stage: 'prepare', message: expect.stringContaining('/srv') as unknown };
    expect(await plan(name)).toMatchObject({ eligible: false, refusal });
    expect(await service.update(name)).toMatchObject({ status: 'failed', error: refusal });
    expect((await inspect(name)).Id).toBe(Id);
    await docker.getContainer(name).remove({ force: true, v: true });
    made.length = 0;
    await docker.getVolume(volume).remove();
  }, 120_000);
});
