// @extended
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { execFileSync } from 'node:child_process';
import { previousImageTag } from '../src/docker/images/previous-image.js';
import { pull, runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { buildImage, publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';

const settle = { SETTLE_TIME: '200ms' };
const bad = { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 1'] };

const inspect = (name: string): Promise<Docker.ContainerInspectInfo> => docker.getContainer(name).inspect();
const imageId = (reference: string): Promise<string | undefined> =>
  docker
    .getImage(reference)
    .inspect()
    .then(
      ({ Id }) => Id,
      () => undefined,
    );
const previousOf = (name: string): Promise<string | undefined> => {
  const { repo, tag } = previousImageTag(name);
  return imageId(`${repo}:${tag}`);
};
/** Runs v1 and updates it to v2, which nothing else runs. */
const updated = async (
  service: Service,
  name = uniqueName('app'),
): Promise<App & { image: string; v1?: string; v2?: string }> => {
  const image = uniqueImage('two');
  const app = await runApp(image, { version: 'v1', labels: { of: name } }, { name });
  const v1 = await imageId(image);
  await publish(docker, image, { version: 'v2', labels: { of: name } });
  expect(await service.update(name)).toMatchObject({ result: 'updated' });
  return { ...app, image, v1, v2: await imageId(image) };
};

describeOnEngine('the way back', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, ...settle });
    await service.ready();
  });
  afterAll(() => service.stop());

  describe('the image before', () => {
    it('stays under a local tag of the container, whatever its name is like', async () => {
      const { name, v1, v2 } = await updated(service, `${uniqueName('App')}_.X-`);
      expect(v2).not.toBe(v1);
      expect(await previousOf(name)).toBe(v1);
    });

    it('is gone back to by POST /rollback, and forward again, each by the way of an update', async () => {
      const { name, image, port, v1, v2 } = await updated(service);
      const back = await service.rollBack(name);
      expect(back).toMatchObject({
        kind: 'rollback',
        status: 'succeeded',
        result: 'updated',
        fromImageId: v2,
        toImageId: v1,
      });
      expect(back.stages.map(({ stage }) => stage)).toContain('prove');
      expect(await versionAt(port)).toBe('v1');
      // The container goes on following its tag, which means the image that runs: neither Compose nor a reboot rolls forward.
      expect((await inspect(name)).Config.Image).toBe(image);
      expect([await imageId(image), await previousOf(name)]).toEqual([v1, v2]);
      expect(await service.rollBack(name)).toMatchObject({ status: 'succeeded', toImageId: v2 });
      expect(await versionAt(port)).toBe('v2');
      // A webhook is a fresh attempt all the same.
      expect(await service.rollBack(name)).toMatchObject({ toImageId: v1 });
      expect(await service.update(name)).toMatchObject({ kind: 'notify', result: 'updated', toImageId: v2 });
    }, 60_000);

    it('is pulled anew by its digest where `docker image prune -af` has taken it', async () => {
      const { name, port, v1 } = await updated(service);
      execFileSync('docker', ['image', 'prune', '--all', '--force', '--filter', 'label!=kept'], {
        env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost },
      });
      expect(await previousOf(name)).toBeUndefined();
      expect(await imageId(v1 ?? '')).toBeUndefined();
      expect(await service.rollBack(name)).toMatchObject({ status: 'succeeded', toImageId: v1 });
      expect(await versionAt(port)).toBe('v1');
    });

    it('is missed clearly where there is none, and nothing is touched', async () => {
      const app = await runApp(uniqueImage('new'), { version: 'v1' });
      expect(await service.rollBack(app.name)).toMatchObject({
        status: 'failed',
        error: { code: 'no_previous_image', message: expect.stringContaining(app.name) },
      });
      expect((await inspect(app.name)).Id).toBe(app.id);
      expect((await service.fetch('/rollback/%20', { method: 'POST' })).status).toBe(400);
      expect((await fetch(`${service.url}/rollback/${app.name}`, { method: 'POST' })).status).toBe(401);
    });
  });

  describe('a rollback', () => {
    it('puts the local tag back, so that what is created from it is the old image; the next webhook touches nothing', async () => {
      const image = uniqueImage('tagged');
      const app = await runApp(image, { version: 'v1' });
      const v1 = await imageId(image);
      await publish(docker, image, bad);
      const failed = await service.update(app.name);
      expect(failed).toMatchObject({ status: 'rolled_back', tagRestored: true, containerId: app.id });
      expect(failed.downtimeMs).toBeGreaterThan(0);
      expect(await imageId(image)).toBe(v1);
      expect(await service.update(app.name)).toMatchObject({ status: 'failed', error: { code: 'known_bad' } });
      expect(await imageId(image)).toBe(v1);
      await publish(docker, image, { version: 'v3' });
      expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
      expect(await versionAt(app.port)).toBe('v3');
    });

    it('leaves the tag where another container runs the new image from it, and says so', async () => {
      const image = uniqueImage('shared');
      const app = await runApp(
        image,
        { version: 'v1' },
        { Cmd: ['/bin/sh', '-c', '[ ! -e /www/fails ] && exec /bin/busybox httpd -f -p 80 -h /www'] },
      );
      await publish(docker, image, { version: 'v2', files: { 'www/fails': '' } });
      await pull(image);
      const v2 = await imageId(image);
      const other = await docker.createContainer({ name: uniqueName('other'), Image: image });
      await other.start();
      expect(await service.update(app.name)).toMatchObject({
        status: 'rolled_back',
        tagRestored: false,
        warnings: [expect.stringContaining('another container')],
      });
      expect(await imageId(image)).toBe(v2);
      await other.remove({ force: true });
    });
  });
});

describeOnEngine('the settings for images', () => {
  it('KEEP_PREVIOUS_IMAGE=false gives no tags; what is still there is found by the label', async () => {
    const service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      KEEP_PREVIOUS_IMAGE: 'false',
      ...settle,
    });
    try {
      const { name, v1 } = await updated(service);
      expect(await previousOf(name)).toBeUndefined();
      expect(await service.rollBack(name)).toMatchObject({ status: 'succeeded', toImageId: v1 });
    } finally {
      await service.stop();
    }
  });

  it('REMOVE_REPLACED_IMAGES=true removes the image before the one before, unless something else uses it', async () => {
    const service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      REMOVE_REPLACED_IMAGES: 'true',
      ...settle,
    });
    try {
      const { name, image, v1, v2 } = await updated(service);
      await publish(docker, image, { version: 'v3' });
      const user = await docker.createContainer({ name: uniqueName('user'), Image: v2 ?? '' });
      expect(await service.update(name)).toMatchObject({ result: 'updated' });
      expect([await imageId(v1 ?? ''), await previousOf(name)]).toEqual([undefined, v2]);
      await publish(docker, image, { version: 'v4' });
      expect(await service.update(name)).toMatchObject({ result: 'updated' });
      // A container was made of it by hand, and it does not even run.
      expect(await imageId(v2 ?? '')).toBe(v2);
      await user.remove();
    } finally {
      await service.stop();
    }
  }, 60_000);

  it('MIN_FREE_DISK is asked for before a pull', async () => {
    const service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, MIN_FREE_DISK: '1000TB' });
    try {
      const image = uniqueImage('large');
      const app = await runApp(image, { version: 'v1' });
      await buildImage(docker, image, { version: 'v1' });
      expect(await service.update(app.name)).toMatchObject({
        status: 'failed',
        error: { code: 'disk_full', stage: 'pull', message: expect.stringContaining('MIN_FREE_DISK') },
      });
    } finally {
      await service.stop();
    }
  });
});
