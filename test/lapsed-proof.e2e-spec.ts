import { expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { describeOnEngine, docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, serveCommand, type AppImage } from './support/fixtures/images.js';
import { proxiedService } from './support/service/proxied-service.js';
import { pullImage } from './support/engine/pull-image.js';
import { until } from './support/runner/until.js';

const startFirst = { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '4s' };

/** Name, id and state of all that have the name, or a name made of it. */
async function left(name: string): Promise<string[][]> {
  const found = await docker.listContainers({ all: true, filters: { name: [name] } });
  return found.map(({ Names, Id, State }) => [Names.join(), Id, State]);
}

describeOnEngine('a replacement that fails after its proof', () => {
  const rig = proxiedService({ SETTLE_TIME: '200ms' });

  const run = async (
    app: Partial<AppImage> = {},
    options: Docker.ContainerCreateOptions = {},
  ): Promise<{ name: string; id: string; image: string; startedAt: string }> => {
    const image = uniqueImage('lapsed');
    await publish(docker, image, { version: 'v1', ...app });
    await pullImage(docker, image);
    const name = uniqueName('lapsed');
    const container = await docker.createContainer({ name, Image: image, Labels: startFirst, ...options });
    await container.start();
    const { State } = await container.inspect();
    await publish(docker, image, { version: 'v2', ...app });
    return { name, id: container.id, image, startedAt: State.StartedAt };
  };
  const untilDrain = (name: string, id: string): Promise<true> =>
    until(`the drain of ${name}`, 30_000, async () => {
      const { stages } = await rig.service.deployment(id);
      return stages.at(-1)?.stage === 'commit' ? true : undefined;
    });
  const kill = ({ name }: { name: string }) => docker.getContainer(name).kill();
  const healthcheck = {
    Test: ['CMD-SHELL', '/bin/busybox test -e /www/index.html'],
    ...{ Interval: 300_000_000, Timeout: 2_000_000_000, Retries: 1 },
  };

  it.each<[string, string, object, (app: { name: string }) => Promise<unknown>]>([
    ['dies', 'exited', {}, kill],
    ['is restarted', 'restarting', {}, ({ name }) => docker.getContainer(name).restart({ t: 0 })],
    ['is removed', 'exited', {}, ({ name }) => docker.getContainer(name).remove({ force: true })],
    [
      'turns unhealthy',
      'unhealthy',
      { Healthcheck: healthcheck },
      async ({ name }) => {
        const exec = await docker.getContainer(name).exec({ Cmd: ['/bin/busybox', 'rm', '/www/index.html'] });
        await exec.start({});
      },
    ],
  ])(
    'and %s in the drain of start-first: the old container is kept and has the name',
    async (_, code, options, fail) => {
      const { name, id, startedAt } = await run({}, options);
      const { id: deployment } = (await (await rig.service.notify(name)).json()) as { id: string };
      await untilDrain(name, deployment);
      await fail({ name });
      expect(await rig.service.settled(deployment)).toMatchObject({
        status: 'rolled_back',
        containerId: id,
        downtimeMs: 0,
        error: { code, stage: 'commit', message: expect.stringContaining('before the old one was removed') },
      });
      expect(await left(name)).toEqual([[`/${name}`, id, 'running']]);
      expect((await docker.getContainer(id).inspect()).State.StartedAt).toBe(startedAt);
      await docker.getContainer(id).remove({ force: true });
    },
    60_000,
  );

  it('and dies while the old one of start-first stops: the old one is started again', async () => {
    const slow = {
      stopSignal: 'SIGTERM',
      cmd: ['/bin/sh', '-c', 'trap "/bin/busybox sleep 3; exit 0" TERM; while true; do /bin/busybox sleep 0.2; done'],
    };
    const { name, id } = await run(slow, { Labels: { ...startFirst, 'trigger-docker-pull.drain': '0s' } });
    rig.proxy.hooks = {
      before: async ({ path }): Promise<'forward'> => {
        if (path.startsWith(`/containers/${id}/stop`)) await kill({ name });
        return 'forward';
      },
    };
    expect(await rig.service.update(name, 60_000)).toMatchObject({
      status: 'rolled_back',
      error: { code: 'exited', stage: 'commit', exitCode: 137 },
    });
    expect(await left(name)).toEqual([[`/${name}`, id, 'running']]);
    await docker.getContainer(id).remove({ force: true });
  }, 90_000);

  it('and is removed in the drain while the service is away: the next start gives the name back', async () => {
    const { name, id, startedAt } = await run({}, { Labels: { ...startFirst, 'trigger-docker-pull.drain': '30s' } });
    const { id: deployment } = (await (await rig.service.notify(name)).json()) as { id: string };
    await untilDrain(name, deployment);
    await rig.service.kill();
    await docker.getContainer(name).remove({ force: true });
    await rig.service.restart();
    await rig.service.ready(60_000);
    expect(await left(name)).toEqual([[`/${name}`, id, 'running']]);
    expect((await docker.getContainer(id).inspect()).State.StartedAt).toBe(startedAt);
    await docker.getContainer(id).remove({ force: true });
  }, 90_000);

  it.each<[string, (app: { name: string }) => Promise<unknown>, string]>([
    ['dies', kill, 'exited'],
    ['is removed', ({ name }) => docker.getContainer(name).remove({ force: true }), 'exited'],
  ])(
    'and %s before the old one of stop-first is removed: the old one runs again',
    async (_, fail, code) => {
      const image = uniqueImage('lapsed');
      const app = await runApp(image, { version: 'v1' });
      await publish(docker, image, { version: 'v2' });
      rig.proxy.hooks = {
        before: async ({ path }): Promise<'forward'> => {
          if (/\/tag\?.*previous/.test(path)) await fail(app);
          return 'forward';
        },
      };
      expect(await rig.service.update(app.name)).toMatchObject({
        status: 'rolled_back',
        containerId: app.id,
        error: { code, stage: 'commit' },
      });
      rig.proxy.reset();
      expect(await versionAt(app.port)).toBe('v1');
      expect(await left(app.name)).toEqual([[`/${app.name}`, app.id, 'running']]);
      await docker.getContainer(app.id).remove({ force: true });
    },
    60_000,
  );

  it('and dies before a recovery has removed the old one: the old one runs again', async () => {
    const image = uniqueImage('lapsed');
    const app = await runApp(image, { version: 'v1', cmd: serveCommand });
    await publish(docker, image, { version: 'v2' });
    rig.proxy.hooks = {
      before: async ({ path }): Promise<'forward' | 'drop'> => {
        if (!/\/tag\?.*previous/.test(path)) return 'forward';
        await rig.service.kill();
        return 'drop';
      },
    };
    await rig.service.notify(app.name);
    await until('the kill of the service', 30_000, () => Promise.resolve(rig.service.isAlive ? undefined : true));
    rig.proxy.hooks = {
      before: async ({ path }): Promise<'forward'> => {
        if (/\/tag\?.*previous/.test(path)) await kill(app);
        return 'forward';
      },
    };
    await rig.service.restart();
    await rig.service.ready(60_000);
    expect(await versionAt(app.port)).toBe('v1');
    expect(await left(app.name)).toEqual([[`/${app.name}`, app.id, 'running']]);
    await docker.getContainer(app.id).remove({ force: true });
  }, 90_000);
});
