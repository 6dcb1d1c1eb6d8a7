// @extended
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Deployment } from '../src/deployments/deployment.js';
import type { Accepted } from '../src/notify/accepting.service.js';
import { runApp, versionAt, type App } from './support/apps.js';
import {
  describeOnNewestEngine,
  docker,
  engines,
  uniqueImage,
  uniqueName,
  type EngineUnderTest,
} from './support/environment.js';
import { publish, type AppImage } from './support/images.js';
import { redisProgram, TestRedis } from './support/redis.js';
import { Service } from './support/service.js';
import { until } from './support/until.js';

/** A service that was killed holds its job for 15 s. */
const endsWithinMs = 90_000;

(redisProgram ? describeOnNewestEngine : describe.skip)('a fleet of two hosts', () => {
  const [engineA, engineB] = engines as [EngineUnderTest, EngineUnderTest];
  let redis: TestRedis;
  let apis: [Service, Service];
  let agents: [Service, Service];
  let hosts: [string, string];

  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  beforeEach(async () => {
    // In the order in which they are worked on.
    hosts = [uniqueName('a'), uniqueName('b')];
    const fleet = { REDIS_URL: redis.url };
    const agent = (engine: EngineUnderTest, host: string): Promise<Service> =>
      Service.start({ ...fleet, ROLE: 'agent', HOST_NAME: host, DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '2s' });
    const api = (): Promise<Service> => Service.start({ ...fleet, ROLE: 'api', DOCKER_HOST: 'unix:///nowhere.sock' });
    agents = [await agent(engineA, hosts[0]), await agent(engineB, hosts[1])];
    apis = [await api(), await api()];
    for (const each of apis) await each.ready();
  });
  afterEach(async () => {
    for (const each of [...apis, ...agents]) await each.kill();
  });
  afterAll(() => redis.kill());

  /** The same container on both hosts, at v1, with a new image in the registry. */
  const everywhere = async (what: string, next: AppImage = { version: 'v2' }): Promise<[App, App]> => {
    const image = uniqueImage(what);
    const a = await runApp(image, { version: 'v1' }, {}, undefined, engineA);
    const b = await runApp(image, { version: 'v1' }, { name: a.name }, undefined, engineB);
    await publish(docker, image, next);
    return [a, b];
  };
  const versions = async ([a, b]: [App, App]): Promise<string[]> => [
    await versionAt(a.port, engineA),
    await versionAt(b.port, engineB),
  ];
  const notify = async (api: Service, path: string): Promise<string> => {
    const response = await api.fetch(`/notify/${path}`, { method: 'POST' });
    expect(response.status).toBe(202);
    return ((await response.json()) as Accepted).id;
  };
  const oneRunsOnEach = async (name: string): Promise<void> => {
    for (const engine of [engineA, engineB]) {
      const left = await engine.docker.listContainers({ all: true, filters: { name: [name] } });
      expect(left.map(({ Names, State }) => [Names.join(), State])).toEqual([[`/${name}`, 'running']]);
    }
  };
  const atStage = (api: Service, id: string, index: number, stage: string): Promise<true> =>
    until(`the stage ${stage} of host ${index}`, 60_000, async () => {
      const part = (await api.deployment(id)).hosts?.[index]?.deploymentId;
      const { stages } = await api.deployment(String(part));
      return stages.at(-1)?.stage === stage ? true : undefined;
    });

  it('updates both, one after the other; another replica answers for it, and a caller that waits hears its end', async () => {
    const apps = await everywhere('both');
    const response = await apis[0].fetch(`/notify/${apps[0].name}?wait=120`, { method: 'POST' });
    const deployment = (await response.json()) as Deployment;
    expect(deployment).toMatchObject({
      status: 'succeeded',
      result: 'updated',
      hosts: [
        { host: hosts[0], status: 'succeeded', result: 'updated' },
        { host: hosts[1], status: 'succeeded', result: 'updated' },
      ],
    });
    expect(response.status).toBe(200);
    expect(await versions(apps)).toEqual(['v2', 'v2']);
    expect(await apis[1].deployment(deployment.id)).toEqual(deployment);
    const [a, b] = await Promise.all((deployment.hosts ?? []).map((part) => apis[1].deployment(part.deploymentId)));
    expect(Date.parse(String(b?.startedAt))).toBeGreaterThanOrEqual(Date.parse(String(a?.finishedAt)));
    expect(await apis[1].update(apps[0].name)).toMatchObject({ result: 'up_to_date' });
  }, 180_000);

  it('stops at the first host that fails, which has its old container back', async () => {
    const apps = await everywhere('stops', { version: 'v2', cmd: ['/bin/busybox', 'false'] });
    const deployment = await apis[0].settled(await notify(apis[0], apps[0].name), endsWithinMs);
    expect(deployment).toMatchObject({
      status: 'failed',
      error: { code: 'hosts_failed' },
      hosts: [
        { host: hosts[0], status: 'rolled_back' },
        { host: hosts[1], status: 'dropped', error: { code: 'rollout_stopped' } },
      ],
    });
    expect(await versions(apps)).toEqual(['v1', 'v1']);
    await oneRunsOnEach(apps[0].name);
  }, 180_000);

  it('goes to one host where it is asked to; fails what no host has; refuses what is not the same thing', async () => {
    const apps = await everywhere('one');
    const one = await apis[0].settled(await notify(apis[0], `${apps[0].name}?host=${hosts[1]}`), endsWithinMs);
    expect(one).toMatchObject({ status: 'succeeded', host: hosts[1] });
    expect(await versions(apps)).toEqual(['v1', 'v2']);
    const unknown = await apis[0].update(uniqueName('unknown'));
    expect(unknown).toMatchObject({ status: 'failed', error: { code: 'no_such_container' } });
    for (const host of hosts) expect(unknown.error?.message).toContain(host);
    const name = uniqueName('different');
    await runApp(uniqueImage('this'), { version: 'v1' }, { name }, undefined, engineA);
    await runApp(uniqueImage('that'), { version: 'v1' }, { name }, undefined, engineB);
    const refused = await apis[0].notify(name);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([409, 'ambiguous_container']);
  }, 180_000);

  it('goes on after an agent is killed in mid-update: each host has one container, which runs the new image', async () => {
    const apps = await everywhere('agent');
    const id = await notify(apis[0], apps[0].name);
    await atStage(apis[0], id, 0, 'prove');
    await agents[0].kill();
    await agents[0].restart();
    expect(await apis[0].settled(id, endsWithinMs)).toMatchObject({ status: 'succeeded' });
    expect(await versions(apps)).toEqual(['v2', 'v2']);
    await oneRunsOnEach(apps[0].name);
  }, 240_000);

  it('goes on after the replica that accepted it is killed', async () => {
    const apps = await everywhere('replica');
    const id = await notify(apis[0], apps[0].name);
    await apis[0].kill();
    expect(await apis[1].settled(id, endsWithinMs)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versions(apps)).toEqual(['v2', 'v2']);
  }, 180_000);

  it('goes on after Redis is killed in mid-update and comes back; nothing is done twice', async () => {
    const apps = await everywhere('redis');
    const id = await notify(apis[0], apps[0].name);
    await atStage(apis[0], id, 0, 'prove');
    await redis.kill();
    expect((await apis[1].notify(apps[0].name)).status).toBe(503);
    await redis.launch();
    for (const api of apis) await api.ready();
    const deployment = await apis[1].settled(id, endsWithinMs);
    expect(deployment).toMatchObject({ status: 'succeeded', hosts: [{ result: 'updated' }, { result: 'updated' }] });
    expect(await versions(apps)).toEqual(['v2', 'v2']);
    await oneRunsOnEach(apps[0].name);
  }, 240_000);
});
