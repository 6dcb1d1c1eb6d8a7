// @extended
// @needs internet: for redis-server, a Debian package, where it is not there.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Accepted } from '../src/notify/accepting.service.js';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { redisProgram, TestRedis } from './support/service/redis.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

/** A service that was killed holds its job for 15 s. */
const retakenWithinMs = 60_000;

(redisProgram ? describeOnEngine : describe.skip)('with REDIS_URL', () => {
  let redis: TestRedis;
  let service: Service;

  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterEach(() => service.kill());
  afterAll(() => redis.kill());

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      REDIS_URL: redis.url,
      HOST_NAME: uniqueName('host'),
      ...env,
    });
    await service.ready();
  };
  const updatable = async (what: string): Promise<App> => {
    const image = uniqueImage(what);
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    return app;
  };
  const accepted = async (container: string): Promise<string> => {
    const response = await service.notify(container);
    expect(response.status).toBe(202);
    return ((await response.json()) as Accepted).id;
  };
  const atStage = (id: string, stage: string): Promise<true> =>
    until(`the stage ${stage}`, 30_000, async () =>
      (await service.deployment(id)).stages.at(-1)?.stage === stage ? true : undefined,
    );

  it('updates as without it, and remembers the deployment after a restart', async () => {
    await start();
    const app = await updatable('durable');
    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', attempts: 1 });
    expect(await versionAt(app.port)).toBe('v2');
    expect(await service.update(app.name)).toMatchObject({ result: 'up_to_date' });
    await service.stop();
    await service.restart();
    expect(await service.deployment(deployment.id)).toEqual(deployment);
  });

  it('drops nothing at a stop: what waited, and what was given up, is done by the next start', async () => {
    await start();
    const apps = [await updatable('first'), await updatable('second'), await updatable('third')];
    const ids: string[] = [];
    for (const { name } of apps) ids.push(await accepted(name));
    await service.stop();
    await service.restart();
    for (const id of ids) expect(await service.settled(id, retakenWithinMs)).toMatchObject({ status: 'succeeded' });
    for (const { port } of apps) expect(await versionAt(port)).toBe('v2');
  }, 180_000);

  it('goes on after a kill in mid-update: the deployment ends, with one container that runs the new image', async () => {
    await start({ SETTLE_TIME: '10s' });
    const app = await updatable('killed');
    const waits = await updatable('behind');
    const id = await accepted(app.name);
    const behind = await accepted(waits.name);
    await atStage(id, 'prove');
    await service.kill();
    await service.useSettings({ SETTLE_TIME: '500ms' });
    expect(await service.settled(id, retakenWithinMs)).toMatchObject({
      status: 'succeeded',
      attempts: 2,
      retries: [{ code: 'interrupted', stage: 'prove' }],
    });
    expect(await service.settled(behind)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');
    const left = await docker.listContainers({ all: true, filters: { name: [app.name] } });
    expect(left.map(({ Names, State }) => [Names.join(), State])).toEqual([[`/${app.name}`, 'running']]);
  }, 180_000);

  it('answers 503 while Redis is away, in mid-update too, and recovers; the update is done once', async () => {
    await start({ SETTLE_TIME: '5s' });
    const app = await updatable('away');
    const id = await accepted(app.name);
    await atStage(id, 'prove');
    await redis.kill();
    const refused = await service.notify(app.name);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'redis_unavailable' });
    expect((await service.fetch(`/deployments/${id}`)).status).toBe(503);
    expect((await service.fetch('/health/live')).status).toBe(200);
    expect((await service.fetch('/health')).status).toBe(200);
    expect((await service.fetch('/health/ready')).status).toBe(503);
    await redis.launch();
    await service.ready();
    expect(await service.settled(id, retakenWithinMs)).toMatchObject({
      status: 'succeeded',
      result: 'updated',
      attempts: 1,
    });
    expect(await versionAt(app.port)).toBe('v2');
    expect(await service.update(app.name)).toMatchObject({ result: 'up_to_date' });
  }, 120_000);
});
