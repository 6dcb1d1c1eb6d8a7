// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Deployment } from '../src/deployments/deployment.js';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { busyboxFor } from './support/fixtures/busybox.js';
import { EngineProxy } from './support/engine/engine-proxy.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/runner/environment.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';

const sh = (script: string): string[] => ['/bin/sh', '-c', script];

describeOnEngine('a new image that is broken', () => {
  let proxy: EngineProxy;
  let service: Service;

  beforeAll(async () => {
    proxy = await EngineProxy.start(testEnvironment().dockerHost);
    service = await Service.start({ DOCKER_HOST: proxy.dockerHost, SETTLE_TIME: '3s' });
    await service.ready();
  });
  /** How long the old container was away in each case. */
  const awayMs = new Map<string, number | undefined>();
  afterAll(async () => {
    await service.stop();
    proxy.stop();
    const lines = [...awayMs].map(([image, ms]) => `${String(ms).padStart(6)} ms  ${image}`);
    console.log(
      ['The old container was away, by the clock of the engine, where the new image is one …', ...lines].join('\n'),
    );
  });
  const expectAwayForAWhile = (image: string, { downtimeMs }: Deployment): void => {
    awayMs.set(image, downtimeMs);
    expect(downtimeMs).toBeGreaterThan(0);
  };

  const always = { HostConfig: { RestartPolicy: { Name: 'always' } } };
  const names = async (name: string): Promise<string[]> =>
    (await docker.listContainers({ all: true, filters: { name: [name] } })).flatMap(({ Names }) => Names).sort();

  it.each<[string, Partial<AppImage>, object, Docker.ContainerCreateOptions]>([
    [
      'whose program is missing',
      { entrypoint: ['/missing'] },
      { code: 'start_failed', stage: 'swap', exitCode: 127 },
      {},
    ],
    [
      'that exits at once',
      { cmd: sh('echo at once; exit 4') },
      { code: 'exited', exitCode: 4, logTail: ['at once'] },
      {},
    ],
    ['that exits after 2 s', { cmd: sh('/bin/busybox sleep 2; exit 5') }, { code: 'exited', exitCode: 5 }, {}],
    ['in a crash loop', { cmd: sh('echo again; exit 6') }, { code: 'restarting', exitCode: 6 }, always],
    [
      'that never gets healthy',
      { config: { Healthcheck: { Test: ['CMD', '/bin/sh', '-c', 'echo not yet; exit 1'], Interval: 1e9 } } },
      { code: expect.stringMatching(/^(unhealthy|proof_timeout)$/), healthOutput: 'not yet\n' },
      { Labels: { 'trigger-docker-pull.timeout': '3s' } },
    ],
  ])(
    '%s: the old container, itself, runs again, and the record tells why and for how long it was away',
    async (what, image, error, options) => {
      const reference = uniqueImage('broken');
      const app = await runApp(reference, { version: 'v1' }, options);
      const before = await docker.getContainer(app.id).inspect();
      await publish(docker, reference, { version: 'bad', ...image });
      const deployment = await service.update(app.name);
      expect(deployment).toMatchObject({
        status: 'rolled_back',
        containerId: app.id,
        error: { stage: 'prove', ...error },
      });
      expectAwayForAWhile(what, deployment);
      const after = await docker.getContainer(app.name).inspect();
      expect([after.Id, after.State.Running]).toEqual([app.id, true]);
      expect(after.HostConfig.RestartPolicy).toEqual(before.HostConfig.RestartPolicy);
      expect(await versionAt(app.port)).toBe('v1');
      expect(await names(app.name)).toEqual([`/${app.name}`]);
    },
  );

  it('for another architecture: the old container runs again', async () => {
    const reference = uniqueImage('foreign');
    const app = await runApp(reference, { version: 'v1' });
    const foreign = Buffer.from(await busyboxFor(docker));
    // e_machine of elf(5): AArch64, or x86-64 where this machine is one.
    foreign.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
    await publish(docker, reference, { version: 'bad', files: { foreign }, cmd: ['/foreign'] });
    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({
      status: 'rolled_back',
      containerId: app.id,
      error: { message: expect.stringMatching(/exec format error|exited with code 1|code 255/) },
    });
    expectAwayForAWhile('for another architecture', deployment);
    expect(await versionAt(app.port)).toBe('v1');
    expect(await names(app.name)).toEqual([`/${app.name}`]);
  });

  it('and whose port somebody else took in the moment it was free: the old container gets it back', async () => {
    const reference = uniqueImage('port');
    const app = await runApp(reference, { version: 'v1' });
    await publish(docker, reference, { version: 'v2' });
    const quicker = createServer();
    let starts = 0;
    proxy.hooks = {
      before: async ({ path }): Promise<'forward'> => {
        if (path.endsWith('/start') && starts++ < 2) await once(quicker.listen(app.port, '127.0.0.1'), 'listening');
        return 'forward';
      },
      after: async ({ path }): Promise<'forward'> => {
        if (path.endsWith('/start') && quicker.listening) await once(quicker.close(), 'close');
        return 'forward';
      },
    };
    const deployment = await service.update(app.name);
    proxy.reset();
    expect(deployment).toMatchObject({
      status: 'rolled_back',
      containerId: app.id,
      error: { code: 'start_failed', stage: 'swap', message: expect.stringMatching(/address already in use|port/) },
    });
    expectAwayForAWhile('whose port somebody else took', deployment);
    expect(await versionAt(app.port)).toBe('v1');
    expect(await names(app.name)).toEqual([`/${app.name}`]);
  });
});
