import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { describeOnEngine, docker, engines, testEnvironment, uniqueImage } from './support/runner/environment.js';
import { isEverything } from './support/runner/extent.js';
import { EngineProxy, type EngineCall } from './support/engine/engine-proxy.js';
import { FakeEngine } from './support/engine/fake-engine.js';
import { FaultRig } from './support/engine/fault-points.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { hasOpenssl, makeCertificates } from './support/engine/tls-engine.js';
import { until } from './support/runner/until.js';

describeOnEngine('a stop of the service in mid-update', () => {
  let service: Service;
  afterEach(() => service.kill());

  const slowToStop = {
    stopSignal: 'SIGTERM',
    cmd: [
      '/bin/sh',
      '-c',
      'trap "/bin/busybox sleep 3; exit 0" TERM; /bin/busybox httpd -p 80 -h /www; while true; do /bin/busybox sleep 0.2; done',
    ],
  };

  it('in the swap: is live but not ready, takes nothing new, brings the new one to its start, exits with 0; the next start finishes', async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, SETTLE_TIME: '8s' });
    await service.ready();
    const image = uniqueImage('drained');
    const app = await runApp(image, { version: 'v1', ...slowToStop });
    await publish(docker, image, { version: 'v2' });
    const { id } = (await (await service.notify(app.name)).json()) as { id: string };
    await until(
      'the swap',
      10_000,
      async () => ((await service.deployment(id)).stages.at(-1)?.stage === 'swap' ? true : undefined),
      10,
    );

    const exited = service.stop('SIGTERM');
    await until(
      'the stop to begin',
      2000,
      async () => ((await service.fetch('/health/ready')).status === 503 ? true : undefined),
      10,
    );
    expect((await service.fetch('/health/live')).status).toBe(200);
    expect((await service.fetch('/health')).status).toBe(200);
    const refused = await service.notify(app.name);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'stopping' });
    const started = performance.now();
    expect(await exited).toBe(0);
    expect(performance.now() - started).toBeLessThan(9000);
    // What is left of the update is the proof: both containers are there, the new one serves.
    expect(await versionAt(app.port)).toBe('v2');
    expect(service.logs.some(({ message }) => message.includes('the next start goes on with the proof'))).toBe(true);

    await service.restart();
    await service.ready(60_000);
    const left = await docker.listContainers({ all: true, filters: { name: [app.name] } });
    expect(left.map(({ Names, State }) => [Names.join(), State])).toEqual([[`/${app.name}`, 'running']]);
    expect(await versionAt(app.port)).toBe('v2');
  }, 120_000);

  it('before the swap: gives the update up, with nothing touched', async () => {
    const proxy = await EngineProxy.start(testEnvironment().dockerHost);
    service = await Service.start({ DOCKER_HOST: proxy.dockerHost });
    await service.ready();
    const image = uniqueImage('given-up');
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    let exited: Promise<number | null> | undefined;
    proxy.hooks = {
      before: async ({ path }): Promise<'forward'> => {
        if (!path.startsWith('/containers/create')) return 'forward';
        exited = service.stop('SIGTERM');
        await until(
          'the stop to begin',
          2000,
          async () => ((await service.fetch('/health/ready')).status === 503 ? true : undefined),
          10,
        );
        return 'forward';
      },
    };
    await service.notify(app.name);
    await until('the stop', 10_000, () => exited);
    expect(await exited).toBe(0);
    expect(service.logs.find(({ message }) => message.includes('dropped: interrupted'))).toMatchObject({
      container: app.name,
    });
    const left = await docker.listContainers({ all: true, filters: { name: [app.name] } });
    expect(left.map(({ Id, State }) => [Id, State])).toEqual([[app.id, 'running']]);
    proxy.stop();
  });
});

describeOnEngine('a stop at ten stages of an update, under load', () => {
  const stages = 10;
  const exitsWithinMs = 10_000;
  let rig: FaultRig;
  let calls: EngineCall[];

  beforeAll(async () => {
    const [engine] = engines;
    if (!engine) throw new Error('there is no test engine');
    rig = await FaultRig.start(engine, 'update');
    ({ calls } = await rig.record());
  }, 180_000);
  // Whatever a stage came to, the next one begins with a service that has nothing in its queue.
  beforeEach(async () => {
    await rig.service.kill();
    rig.proxy.reset();
    await rig.service.restart();
    await rig.service.ready();
  }, 60_000);
  afterAll(() => rig.stop());

  /** Notifies many others while it lasts; answers the ids that were accepted, once the service takes no more. */
  const load = async (service: Service): Promise<string[]> => {
    const accepted: string[] = [];
    for (let number = 0; number < 50; number++) {
      const response = await service.notify(`${rig.name}-none-${number}`).catch(() => undefined);
      if (response?.status !== 202) return accepted;
      accepted.push(((await response.json()) as { id: string }).id);
    }
    return accepted;
  };

  const all = Array.from({ length: stages }, (_, stage) => stage);
  it.each(isEverything ? all : [1, 5, 8])(
    'stage %p: nothing accepted is lost silently, no client hangs, and the exit is in time',
    async (stage) => {
      const { service } = rig;
      const oldId = await rig.setUp();
      // Spread over all calls of an update, from the first look to the removal of the old container.
      const index = Math.floor((stage * (calls.length - 1)) / (stages - 1));
      const logged = service.logs.length;
      let stopped: Promise<{ code: number | null; tookMs: number }> | undefined;
      rig.proxy.hooks = {
        before: (call: EngineCall) => {
          if (call.index === index && !stopped) {
            const begun = performance.now();
            stopped = service.stop('SIGTERM').then((code) => ({ code, tookMs: performance.now() - begun }));
          }
          return 'forward';
        },
      };
      const { id } = (await (await service.notify(rig.name)).json()) as { id: string };
      const waiters = Array.from({ length: 5 }, () =>
        service.fetch(`/deployments/${id}?wait=60`).then(
          async (response) => {
            const body = (await response.json()) as Record<string, unknown>;
            return response.ok ? String(body.status) : String(body.code);
          },
          (error: unknown) => String(error),
        ),
      );
      const loaded = load(service);
      const { code, tookMs } = await until('the stop', 60_000, () => stopped);
      expect({ index, code, inTime: tookMs < exitsWithinMs }).toEqual({ index, code: 0, inTime: true });

      // Every waiter has an answer of the service, not an end of the connection: how it ended, or that it was given up.
      const answers = await until('answers', 2000, () => Promise.all(waiters));
      for (const answer of answers) expect(['succeeded', 'interrupted', 'stopping']).toContain(answer);
      const accepted = await until('the end of the load', 2000, () => loaded);
      const ended = service.logs
        .slice(logged)
        .filter(({ message }) => /: (updated to|dropped|failed|rolled back)|^dropped /.test(message))
        .map(({ deploymentId }) => deploymentId);
      expect([id, ...accepted].filter((one) => !ended.includes(one))).toEqual([]);

      rig.proxy.reset();
      await service.restart();
      await service.ready(20_000);
      expect({ index, disorder: await rig.disorder() }).toEqual({ index, disorder: [] });
      if (answers.includes('succeeded')) expect(await rig.setUp()).not.toBe(oldId);
    },
    180_000,
  );
});

describeOnEngine('S9: an engine that is away at the start of the service', () => {
  it('is found once it is there, without a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tdp-late-'));
    const socketPath = join(folder, 'docker.sock');
    const service = await Service.start({ DOCKER_HOST: `unix://${socketPath}`, ENGINE_WAIT: '20s' });
    const image = uniqueImage('late');
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    const accepted = (await (await service.notify(app.name)).json()) as { id: string };
    expect((await service.fetch('/health/ready')).status).toBe(503);
    const proxy = await EngineProxy.start(testEnvironment().dockerHost, socketPath);
    expect(await service.settled(accepted.id)).toMatchObject({ result: 'updated' });
    await service.ready(40_000);
    await service.stop();
    proxy.stop();
    rmSync(folder, { recursive: true });
  }, 90_000);
});

describe("S19: the engine is found as Docker's own clients find it", () => {
  const readyAt = async (env: Record<string, string>): Promise<void> => {
    const service = await Service.start(env);
    await service.ready(10_000);
    await service.stop();
  };

  it('at DOCKER_HOST=tcp://', async () => {
    const engine = await FakeEngine.start({});
    await readyAt({ DOCKER_HOST: engine.dockerHost });
    expect(engine.unexpected).toEqual([]);
    engine.stop();
  });

  (hasOpenssl ? it : it.skip)('over TLS, verified both ways, with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tdp-tls-'));
    makeCertificates(folder);
    const engine = await FakeEngine.start({
      tls: { ca: join(folder, 'ca.pem'), cert: join(folder, 'server.pem'), key: join(folder, 'server-key.pem') },
    });
    await readyAt({ DOCKER_HOST: engine.dockerHost, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder });
    expect(engine.unexpected).toEqual([]);
    // Without TLS the same engine is not reached: it is not ready.
    const plain = await Service.start({ DOCKER_HOST: engine.dockerHost });
    expect((await plain.fetch('/health/ready')).status).toBe(503);
    await plain.stop();
    engine.stop();
    rmSync(folder, { recursive: true });
  });
});
