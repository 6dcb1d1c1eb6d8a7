import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { EngineProxy } from './support/engine/engine-proxy.js';
import { describeOnEachEngine, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, serveCommand, type AppImage } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';
import type { Deployment } from '../src/deployments/deployment.js';

describeOnEachEngine('an image from which an update was rolled back', (engine) => {
  const { docker } = engine;
  const broken: AppImage = { version: 'v2', cmd: ['/bin/sh', '-c', 'exit 3'] };
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

  const run = async (image: string, more: Docker.ContainerCreateOptions = {}): Promise<string> => {
    const name = uniqueName('rejected');
    made.push(name);
    await (await docker.createContainer({ name, Image: image, ...more })).start();
    return name;
  };
  const runPublished = async (image: string, more?: Docker.ContainerCreateOptions): Promise<string> => {
    await publish(docker, image, { version: 'v1' });
    await pullImage(docker, image);
    return run(image, more);
  };
  const inspect = (name: string): Promise<Docker.ContainerInspectInfo> => docker.getContainer(name).inspect();
  const rejectedTag = (name: string): string => `trigger-docker-pull/${name}:rejected`;
  const isTagged = (reference: string): Promise<boolean> =>
    docker
      .getImage(reference)
      .inspect()
      .then(() => true)
      .catch(() => false);
  const post = async (path: string): Promise<Deployment> => {
    const response = await service.fetch(path, { method: 'POST' });
    return service.settled(((await response.json()) as { id: string }).id);
  };

  it('is refused by the next notify, with nothing touched, until the tag means another one', async () => {
    const image = uniqueImage('known-bad');
    const name = await runPublished(image);
    const before = await inspect(name);
    await publish(docker, image, broken);
    expect(await service.update(name)).toMatchObject({ status: 'rolled_back', error: { code: 'exited' } });
    expect(await isTagged(rejectedTag(name))).toBe(true);
    const restored = await inspect(name);

    const refused = await service.update(name);
    expect(refused).toMatchObject({ status: 'failed', error: { code: 'known_bad', stage: 'pull' } });
    expect(refused.error?.message).toContain('?retry=true');
    const after = await inspect(name);
    expect(after.Id).toBe(before.Id);
    expect(after.State.StartedAt).toBe(restored.State.StartedAt);
    expect((await docker.getImage(image).inspect()).Id).toBe(before.Image);

    const plan = (await (await service.fetch(`/notify/${name}?dry_run=true`, { method: 'POST' })).json()) as object;
    expect(plan).toMatchObject({ eligible: true, warnings: [expect.stringContaining('known_bad')] });

    await publish(docker, image, { version: 'v3' });
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    // It is still known: the tag may move back to it.
    await publish(docker, image, broken);
    const again = await service.update(name);
    expect(again).toMatchObject({
      status: 'failed',
      error: { code: 'known_bad', message: expect.stringContaining(`an update of ${name} was rolled back`) },
    });
    // The tag meant another image in between.
    expect(again.error?.message).not.toContain('still');
    // The way back is another request, of another image.
    expect(await post(`/rollback/${name}`)).toMatchObject({ status: 'succeeded', result: 'updated' });
    await docker.getImage(rejectedTag(name)).remove();
  }, 120_000);

  it('is tried again with ?retry=true, and forgotten once it has proved itself', async () => {
    const image = uniqueImage('second-chance');
    const name = await runPublished(image, { HostConfig: { Binds: [`${uniqueName('data')}:/data`] } });
    const fussy = ['/bin/sh', '-c', `test -e /data/ready || exit 4; exec ${serveCommand.join(' ')}`];
    await publish(docker, image, { version: 'v2', cmd: fussy });
    expect(await service.update(name)).toMatchObject({ status: 'rolled_back', error: { code: 'exited', exitCode: 4 } });
    expect(await post(`/notify/${name}?retry=true`)).toMatchObject({ status: 'rolled_back', retry: true });
    const touch = await docker.getContainer(name).exec({ Cmd: ['/bin/busybox', 'touch', '/data/ready'] });
    await touch.start({ Detach: true });
    expect(await service.update(name)).toMatchObject({ status: 'failed', error: { code: 'known_bad' } });
    expect(await post(`/notify/${name}?retry=true`)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await isTagged(rejectedTag(name))).toBe(false);
  }, 120_000);

  it('is forgotten once it runs after a repair by hand', async () => {
    const image = uniqueImage('repaired');
    const data = uniqueName('data');
    const name = await runPublished(image, { HostConfig: { Binds: [`${data}:/data`] } });
    const fussy = ['/bin/sh', '-c', `test -e /data/ready || exit 4; exec ${serveCommand.join(' ')}`];
    await publish(docker, image, { version: 'v2', cmd: fussy });
    expect(await service.update(name)).toMatchObject({ status: 'rolled_back' });

    const touch = await docker.getContainer(name).exec({ Cmd: ['/bin/busybox', 'touch', '/data/ready'] });
    await touch.start({ Detach: true });
    await pullImage(docker, image);
    await docker.getContainer(name).remove({ force: true });
    const repaired = await docker.createContainer({ name, Image: image, HostConfig: { Binds: [`${data}:/data`] } });
    await repaired.start();
    await until('the mark to go', 30_000, async () => {
      expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
      return (await isTagged(rejectedTag(name))) ? undefined : true;
    });
    await publish(docker, image, { version: 'v3' });
    expect(await service.update(name)).toMatchObject({ result: 'updated' });
    await publish(docker, image, { version: 'v2', cmd: fussy });
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
  }, 120_000);

  it('says nothing of other containers that follow the same tag', async () => {
    const image = uniqueImage('others');
    const name = await runPublished(image);
    const other = await run(image, { Cmd: [...serveCommand, '-v'] });
    await publish(docker, image, broken);
    expect(await service.update(name)).toMatchObject({ status: 'rolled_back' });
    expect(await service.update(other)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await service.update(name)).toMatchObject({ status: 'failed', error: { code: 'known_bad' } });
  }, 120_000);

  it('is not one whose start the engine failed', async () => {
    const proxy = await EngineProxy.start(engine.dockerHost);
    const other = await Service.start({ DOCKER_HOST: proxy.dockerHost });
    await other.ready();
    const image = uniqueImage('blameless');
    const name = await runPublished(image);
    await publish(docker, image, { version: 'v2' });
    let starts = 0;
    proxy.hooks = {
      before: ({ path }) =>
        Promise.resolve(path.endsWith('/start') && starts++ === 0 ? { statusCode: 500 } : 'forward'),
    };
    expect(await other.update(name)).toMatchObject({ status: 'rolled_back', error: { code: 'start_failed' } });
    expect(await isTagged(rejectedTag(name))).toBe(false);
    expect(await other.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    await other.stop();
    proxy.stop();
  }, 120_000);

  it('is one that cannot be started at all', async () => {
    const image = uniqueImage('blameless');
    const name = await runPublished(image);
    await publish(docker, image, { version: 'v2', cmd: ['/nowhere'] });
    expect(await service.update(name)).toMatchObject({ status: 'rolled_back', error: { code: 'start_failed' } });
    expect(await isTagged(rejectedTag(name))).toBe(true);
    expect((await service.fetch(`/notify/${name}?retry=yes`, { method: 'POST' })).status).toBe(400);
  }, 120_000);
});
