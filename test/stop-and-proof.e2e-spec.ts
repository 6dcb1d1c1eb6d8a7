import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { EngineProxy } from './support/engine/engine-proxy.js';
import {
  describeOnEachEngine,
  describeOnEngine,
  docker,
  testEnvironment,
  uniqueImage,
  type EngineUnderTest,
} from './support/runner/environment.js';
import { isEverything } from './support/runner/extent.js';
import { publish, serveCommand, type AppImage } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

/** Serves, and takes so many seconds to clean up once it is told to stop. */
const cleansUpFor = (seconds: number): Partial<AppImage> => ({
  stopSignal: 'SIGTERM',
  cmd: [
    '/bin/sh',
    '-c',
    `trap "/bin/busybox sleep ${seconds}; exit 7" TERM; /bin/busybox httpd -p 80 -h /www; while true; do /bin/busybox sleep 0.1; done`,
  ],
});
/** The exit code of an old container, which is gone once its update is done: 137 of one that was killed. */
const exitCodeOf = async ({ id }: App, { docker }: EngineUnderTest): Promise<number> =>
  ((await docker.getContainer(id).wait()) as { StatusCode: number }).StatusCode;

describeOnEachEngine('the stop of an old container', (engine) => {
  let service: Service;
  beforeAll(async () => {
    // Short, so that what waits for the engine's answers alone would not wait for a clean-up.
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '300ms', ENGINE_TIMEOUT: '4s' });
    await service.ready();
  });
  afterAll(() => service.stop());

  it.each([-1, 2_147_483_647])(
    'takes as long as its clean-up with a stop timeout of %s',
    async (StopTimeout) => {
      const image = uniqueImage('stops');
      const app = await runApp(image, { version: 'v1', ...cleansUpFor(4) }, { StopTimeout }, undefined, engine);
      await publish(docker, image, { version: 'v2' });
      const exitCode = exitCodeOf(app, engine);
      const plan = (await (await service.fetch(`/notify/${app.name}?dry_run=true`, { method: 'POST' })).json()) as {
        warnings: string[];
      };
      expect(plan.warnings).toContainEqual(expect.stringMatching(/stop timeout .* after 600 s.*MAX_STOP_TIME/));
      expect(await service.update(app.name, 60_000)).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await exitCode).toBe(7);
      expect(await versionAt(app.port, engine)).toBe('v2');
      const { Config } = await engine.docker.getContainer(app.name).inspect();
      expect((Config as { StopTimeout?: number }).StopTimeout).toBe(StopTimeout);
    },
    90_000,
  );

  it.each<NodeJS.Signals>(isEverything ? ['SIGTERM', 'SIGKILL'] : ['SIGTERM'])(
    'goes on when the service ends by %s, and the next start waits for its end',
    async (signal) => {
      const own = await Service.start({ DOCKER_HOST: engine.dockerHost, DRAIN_TIMEOUT: '2s' });
      await own.ready();
      const image = uniqueImage('outlives');
      const options = { StopTimeout: 60, HostConfig: { RestartPolicy: { Name: 'always' } } };
      const app = await runApp(image, { version: 'v1', ...cleansUpFor(12) }, options, undefined, engine);
      await publish(docker, image, { version: 'v2' });
      const exitCode = exitCodeOf(app, engine);
      const { id } = (await (await own.notify(app.name)).json()) as { id: string };
      await until('the stop', 20_000, async () => {
        const marked = await engine.docker.listContainers({ all: true, filters: { name: [`${app.name}-upd-stop-`] } });
        return marked.length > 0 ? true : undefined;
      });
      await setTimeout(500);
      expect((await own.deployment(id)).stages.at(-1)?.stage).toBe('swap');
      expect(await own.stop(signal)).toBe(signal === 'SIGTERM' ? 0 : null);
      expect((await engine.docker.getContainer(app.id).inspect()).State.Running).toBe(true);
      await own.restart();
      await own.ready(60_000);
      expect(await exitCode).toBe(7);
      const left = await engine.docker.listContainers({ all: true, filters: { name: [app.name] } });
      expect(left.map(({ Id, State }) => [Id, State])).toEqual([[app.id, 'running']]);
      const { HostConfig } = await engine.docker.getContainer(app.id).inspect();
      expect(HostConfig.RestartPolicy?.Name).toBe('always');
      expect(await versionAt(app.port, engine)).toBe('v1');
      await own.stop();
    },
    120_000,
  );
});

describeOnEngine('a new container', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      SETTLE_TIME: '300ms',
      PROOF_TIMEOUT: '1s',
    });
    await service.ready();
  });
  afterAll(() => service.stop());

  describe('the proof', () => {
    const updated = async (options: Docker.ContainerCreateOptions, image: Partial<AppImage>) => {
      const reference = uniqueImage('proved');
      const app = await runApp(reference, { version: 'v1' }, options);
      await publish(docker, reference, { version: 'v2', ...image });
      return { app, outcome: await service.update(app.name, 60_000) };
    };
    const healthcheck = (command: string, Interval: number): Partial<AppImage> => ({
      config: { Healthcheck: { Test: ['CMD', '/bin/sh', '-c', command], Interval, Timeout: 1e9, Retries: 1 } },
    });
    const exitsOnce: Partial<AppImage> = {
      cmd: ['/bin/sh', '-c', `test -e /once || { : > /once; exit 1; }; exec ${serveCommand.join(' ')}`],
    };
    const always = { RestartPolicy: { Name: 'always' } };

    it('waits for the first probe, whatever PROOF_TIMEOUT says', async () => {
      const { app, outcome } = await updated({}, healthcheck('exit 0', 4e9));
      expect(outcome).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await versionAt(app.port)).toBe('v2');
    }, 60_000);

    it('takes unhealthy for final after the grace of its label, and says how to get more', async () => {
      const labels = { 'trigger-docker-pull.unhealthy-grace': '3s' };
      const { outcome } = await updated({ Labels: labels }, healthcheck('exit 1', 1e9));
      expect(outcome).toMatchObject({ status: 'rolled_back', error: { code: 'unhealthy' } });
      expect(outcome.error?.message).toMatch(/unhealthy after [345](\.\d)? s.*unhealthy-grace.*UNHEALTHY_GRACE/);
    }, 60_000);

    it('is the start alone of a job that wants no other, and ends with 0', async () => {
      const labels = { 'trigger-docker-pull.proof': 'none' };
      const { app, outcome } = await updated({ Labels: labels }, { cmd: ['/bin/sh', '-c', 'exit 0'] });
      expect(outcome).toMatchObject({ status: 'succeeded', result: 'updated' });
      const { Id, State } = await docker.getContainer(app.name).inspect();
      expect(Id).not.toBe(app.id);
      expect(State).toMatchObject({ Running: false, ExitCode: 0 });
    }, 60_000);

    it('allows as many restarts as the label says', async () => {
      const labels = { 'trigger-docker-pull.proof-restarts': '1' };
      const { app, outcome } = await updated({ Labels: labels, HostConfig: always }, exitsOnce);
      expect(outcome).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect((await docker.getContainer(app.name).inspect()).RestartCount).toBe(1);
    }, 60_000);

    it('fails at the first restart without it, and names the label', async () => {
      const { outcome } = await updated({ HostConfig: always }, exitsOnce);
      expect(outcome).toMatchObject({ status: 'rolled_back', error: { code: 'restarting' } });
      expect(outcome.error?.message).toContain('trigger-docker-pull.proof-restarts=1');
    }, 60_000);
  });

  it('starts the new container at the second try where its port is still in use', async () => {
    const proxy = await EngineProxy.start(testEnvironment().dockerHost);
    const own = await Service.start({ DOCKER_HOST: proxy.dockerHost, SETTLE_TIME: '300ms' });
    await own.ready();
    const image = uniqueImage('port');
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    const other = createServer();
    let starts = 0;
    proxy.hooks = {
      before: async ({ path }): Promise<'forward'> => {
        if (path.endsWith('/start') && starts++ === 0) await once(other.listen(app.port, '127.0.0.1'), 'listening');
        return 'forward';
      },
      after: async ({ path, statusCode }): Promise<'forward'> => {
        if (!path.endsWith('/start') || !other.listening) return 'forward';
        expect(statusCode).toBe(500);
        await once(other.close(), 'close');
        return 'forward';
      },
    };
    expect(await own.update(app.name, 60_000)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(starts).toBe(2);
    expect(await versionAt(app.port)).toBe('v2');
    await own.stop();
    proxy.stop();
  }, 90_000);
});
