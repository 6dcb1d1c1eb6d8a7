// @extended
// @needs internet: for redis-server, a Debian package, where it is not there.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deployment, DeploymentEnd, DeploymentRetry } from '../src/deployments/deployment.js';
import { HostRegistry } from '../src/queue/fleet/host-registry.js';
import { Ambiguous, type Job } from '../src/queue/queue.service.js';
import { redisProgram, TestRedis } from './support/service/redis.js';
import { redisQueue, type RedisQueueUnderTest } from './support/service/redis-queue.js';
import { Service } from './support/service/service.js';
import { SecuredRedis } from './support/service/secured-redis.js';
import { hasOpenssl } from './support/engine/tls-engine.js';
import { until } from './support/runner/until.js';

Logger.overrideLogger(false);
const updated: DeploymentEnd = { status: 'succeeded', result: 'updated' };
const unhealthy: DeploymentEnd = { status: 'rolled_back', error: { code: 'unhealthy', message: 'it is not well' } };

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const inMs = (delayMs: number): DeploymentRetry => ({
  stage: 'pull',
  code: 'digest_not_served',
  message: 'not yet',
  notBefore: new Date(Date.now() + delayMs).toISOString(),
});

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is missing');
  return value;
}

(redisProgram ? describe : describe.skip)('a fleet', () => {
  let redis: TestRedis;
  let database = 0;
  let url: string;
  let open: RedisQueueUnderTest[] = [];

  beforeAll(async () => {
    redis = await TestRedis.start('--databases', '64');
  });
  beforeEach(() => {
    url = `${redis.url}/${database++}`;
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  afterAll(() => redis.kill());

  const api = async (hostWaitMs?: number): Promise<RedisQueueUnderTest> => {
    const made = await redisQueue(url, undefined, 100, hostWaitMs);
    open.push(made);
    return made;
  };
  const agent = async (host: string, containers: Record<string, string> = { web: 'example/web' }) => {
    const made = await redisQueue(url, host);
    open.push(made);
    await new HostRegistry(made.redis).announce(host, () => Promise.resolve(containers));
    return made;
  };
  const begin = async ({ queue, deployments }: RedisQueueUnderTest): Promise<Job> => {
    const job = await queue.take(AbortSignal.timeout(20_000));
    if (!job) throw new Error('nothing was taken');
    await deployments.start(job.deploymentId);
    return job;
  };
  const end = async ({ queue, deployments }: RedisQueueUnderTest, job: Job, how: DeploymentEnd): Promise<void> => {
    await deployments.finish(job.deploymentId, how);
    await queue.done(job);
  };
  const work = async (one: RedisQueueUnderTest, how: DeploymentEnd = updated): Promise<void> =>
    end(one, await begin(one), how);
  const settled = async ({ deployments }: RedisQueueUnderTest, id: string): Promise<Deployment | undefined> =>
    deployments.untilFinished(id, AbortSignal.timeout(20_000));

  it('goes through the hosts one after the other, and has succeeded when all have', async () => {
    const [one, a, b, c] = [await api(), await agent('a'), await agent('b'), await agent('c')];
    const { deployment } = await one.queue.add('web', 'ci', { mayUpdate: ['web', 'sidecar'] });
    const first = await begin(a);
    expect(first).toMatchObject({ container: 'web', permissions: [['web', 'sidecar']] });
    expect(await one.deployments.find(first.deploymentId)).toMatchObject({ host: 'a', partOf: deployment.id });
    await until('the whole to run', 5000, async () =>
      (await one.deployments.find(deployment.id))?.status === 'running' ? true : undefined,
    );
    const nothing = new AbortController();
    const early = b.queue.take(nothing.signal);
    await end(a, first, updated);
    const second = required(await early);
    expect(second.container).toBe('web');
    await b.deployments.start(second.deploymentId);
    await end(b, second, { status: 'succeeded', result: 'up_to_date' });
    await work(c);
    expect(await settled(one, deployment.id)).toMatchObject({
      status: 'succeeded',
      result: 'updated',
      hosts: [
        { host: 'a', status: 'succeeded', result: 'updated' },
        { host: 'b', status: 'succeeded', result: 'up_to_date' },
        { host: 'c', status: 'succeeded', result: 'updated' },
      ],
    });
    // Parts are no deployments that somebody asked for.
    expect((await one.deployments.newest(10, () => true)).map(({ id }) => id)).toEqual([deployment.id]);
  });

  it('lets others go on while a rollout waits for its digest, and never works on two hosts for two of them', async () => {
    const [one, a, b] = [await api(), await agent('a'), await agent('b')];
    const rests = await one.queue.add('web', 'ci', { digest: digest('a') });
    await one.queue.add('web', 'ci', { digest: digest('b') });
    const first = await begin(a);
    expect(first.digest).toBe(digest('a'));
    await a.queue.requeue(first, inMs(500));
    const second = await begin(a);
    expect(second.digest).toBe(digest('b'));
    await end(a, second, updated);
    const onB = await begin(b);
    // Its time has come, and the other one is at work.
    expect(await a.queue.take(AbortSignal.timeout(4000))).toBeUndefined();
    await end(b, onB, updated);
    const again = await begin(a);
    expect(again.deploymentId).toBe(first.deploymentId);
    await end(a, again, updated);
    await work(b);
    expect(await settled(one, rests.deployment.id)).toMatchObject({ status: 'succeeded' });
  });

  it('goes through many rollouts that wait for digests without waiting for any of them', async () => {
    const [one, a] = [await api(), await agent('a'), await agent('b')];
    for (const letter of ['a', 'b', 'c', 'd'])
      await one.queue.add('web', letter, { digest: digest(letter), account: letter });
    const wanted = await one.queue.add('web', 'other');
    for (let count = 0; count < 4; count++) await a.queue.requeue(await begin(a), inMs(600_000));
    const job = await begin(a);
    expect(job.digest).toBeUndefined();
    expect((await one.deployments.find(job.deploymentId))?.partOf).toBe(wanted.deployment.id);
  });

  it('never lets a rollout that waited for its digest undo a later rollback', async () => {
    const [one, a, b] = [await api(), await agent('a'), await agent('b')];
    const rests = await one.queue.add('web', 'ci', { digest: digest('a') });
    const first = await begin(a);
    const rollback = await one.queue.add('web', 'operator', { kind: 'rollback' });
    await one.queue.add('web', 'ci', { digest: digest('b') });
    await a.queue.requeue(first, inMs(500));
    for (const host of [a, b]) {
      const job = await begin(host);
      expect(job.kind).toBe('rollback');
      await end(host, job, updated);
    }
    expect(await settled(one, rollback.deployment.id)).toMatchObject({ status: 'succeeded' });
    const seen = [await begin(a)];
    await end(a, required(seen[0]), { status: 'failed', error: { code: 'superseded', message: 'test' } });
    seen.push(await begin(a));
    const overtaken = seen.find(({ deploymentId }) => deploymentId === first.deploymentId);
    expect(overtaken?.overtakenBy).toBe(rollback.deployment.id);
    expect(seen.map(({ digest: expected }) => expected).sort()).toEqual([digest('a'), digest('b')]);
    await end(a, required(seen[1]), { status: 'failed', error: { code: 'superseded', message: 'test' } });
    expect(await settled(one, rests.deployment.id)).toMatchObject({ status: 'failed' });
  });

  it('stops at the first failure', async () => {
    const [one, a, b] = [await api(), await agent('a'), await agent('b')];
    const { deployment } = await one.queue.add('web', 'ci');
    await work(a, unhealthy);
    expect(await settled(one, deployment.id)).toMatchObject({
      status: 'failed',
      error: { code: 'hosts_failed' },
      hosts: [
        { host: 'a', status: 'rolled_back', error: { code: 'unhealthy' } },
        { host: 'b', status: 'dropped', error: { code: 'rollout_stopped' } },
      ],
    });
    // The next one begins anew, with the first host.
    const { deployment: next } = await one.queue.add('web', 'ci');
    await work(a);
    await work(b);
    expect(await settled(one, next.id)).toMatchObject({ status: 'succeeded' });
  });

  it('works on as many hosts at once as it is asked to', async () => {
    const [one, a, b, c] = [await api(), await agent('a'), await agent('b'), await agent('c')];
    const { deployment } = await one.queue.add('web', 'ci', { parallel: 2 });
    const [ofA, ofB] = [await begin(a), await begin(b)];
    const present = await one.deployments.find(deployment.id);
    expect(present?.hosts?.filter(({ status }) => status === 'queued').map(({ host }) => host)).toContain('c');
    expect(await one.deployments.find(String(present?.hosts?.[2]?.deploymentId))).toBeUndefined();
    await end(a, ofA, updated);
    await work(c);
    await end(b, ofB, updated);
    expect(await settled(one, deployment.id)).toMatchObject({ status: 'succeeded' });
  });

  it('goes to the host that is asked for, and nowhere else', async () => {
    const [one, , b] = [await api(), await agent('a'), await agent('b')];
    const { deployment } = await one.queue.add('web', 'ci', { host: 'b' });
    await work(b);
    expect(await settled(one, deployment.id)).toMatchObject({ status: 'succeeded', host: 'b' });
  });

  it('refuses what means different things, and fails what no host has, with the hosts that are there', async () => {
    const one = await api();
    await agent('a', { tool: 'example/one' });
    await agent('b', { tool: 'example/other' });
    await expect(one.queue.add('tool', 'ci')).rejects.toThrow(Ambiguous);
    expect(await one.queue.size()).toBe(0);
    const { deployment } = await one.queue.add('unknown', 'ci');
    const failed = await one.deployments.find(deployment.id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'no_such_container' } });
    expect(failed?.error?.message).toContain('a, b');
  });

  it('asks the hosts for what none seems to have, and waits for all of them', async () => {
    const [one, a, b] = [await api(), await agent('a', {}), await agent('b', {})];
    for (const [host, { redis: connections }] of [['a', a] as const, ['b', b] as const]) {
      const registry = new HostRegistry(connections);
      // The second one takes its time.
      const list = async (): Promise<Record<string, string>> => {
        if (host === 'b') await setTimeout(500);
        return { fresh: 'example/fresh' };
      };
      registry.onAsked(() => void registry.announce(host, list));
    }
    const { deployment } = await one.queue.add('fresh', 'ci');
    expect(deployment.hosts?.map(({ host }) => host)).toEqual(['a', 'b']);
  });

  it('goes on where the process that accepted it is gone', async () => {
    const [killed, other, a, b] = [await api(), await api(), await agent('a'), await agent('b')];
    const { deployment } = await killed.queue.add('web', 'ci');
    await killed.close();
    open = open.filter((each) => each !== killed);
    await work(a);
    await work(b);
    expect(await settled(other, deployment.id)).toMatchObject({ status: 'succeeded' });
  });

  it('is joined until its first host has begun, and then waits anew, behind it', async () => {
    const [one, two, a, b] = [await api(), await api(), await agent('a'), await agent('b')];
    const { deployment } = await one.queue.add('web', 'ci');
    expect(await two.queue.add('web', 'other')).toMatchObject({ coalesced: true, deployment: { id: deployment.id } });
    const first = await begin(a);
    const later = await two.queue.add('web', 'ci');
    expect(later.coalesced).toBe(false);
    await end(a, first, updated);
    const idle = new AbortController();
    const early = a.queue.take(idle.signal);
    await work(b);
    expect(await settled(two, deployment.id)).toMatchObject({ status: 'succeeded', coalesced: 1 });
    const next = required(await early);
    await a.deployments.start(next.deploymentId);
    await end(a, next, updated);
    await work(b);
    expect(await settled(one, later.deployment.id)).toMatchObject({ status: 'succeeded' });
  });

  it('can be dropped before its first host has begun', async () => {
    const [one, a] = [await api(), await agent('a'), await agent('b')];
    const { deployment } = await one.queue.add('web', 'ci');
    expect(await one.queue.remove(deployment.id)).toBe(true);
    await one.deployments.finish(deployment.id, { status: 'dropped', error: { code: 'cancelled', message: 'test' } });
    const { deployment: next } = await one.queue.add('web', 'ci', { host: 'a' });
    await work(a);
    expect(await settled(one, next.id)).toMatchObject({ status: 'succeeded' });
  });

  (hasOpenssl ? it : it.skip)(
    'works by TLS and with the users of deploy/fleet, and lets nobody else in',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'));
      const secured = await SecuredRedis.start(folder, SecuredRedis.configuration());
      const env = {
        NODE_EXTRA_CA_CERTS: join(folder, 'tls/ca.crt'),
        HOST_NAME: 'here',
        DOCKER_HOST: 'unix:///nowhere.sock',
        ENGINE_WAIT: '0s',
      };
      const service = await Service.start({ ...env, REDIS_URL: secured.urlFor() });
      const stranger = await Service.start({ ...env, REDIS_URL: secured.urlFor('fleet:guessed') });
      try {
        // Through the queue, to a worker that has no engine, and back by the events.
        const answer = await service.fetch('/notify/web?wait=20', { method: 'POST' });
        expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([422, 'engine_unreachable']);
        expect((await stranger.notify('web')).status).toBe(503);
      } finally {
        await service.kill();
        await stranger.kill();
        secured.kill();
      }
    },
    90_000,
  );

  it('drops the part of a host that has been away for too long', async () => {
    const [one, a] = [await api(1), await agent('a'), await agent('b')];
    await new HostRegistry(one.redis).leave('b');
    const { deployment } = await one.queue.add('web', 'ci');
    await work(a);
    await until('the part of the host that is away', 10_000, async () =>
      (await one.deployments.find(String((await one.deployments.find(deployment.id))?.hosts?.[1]?.deploymentId)))
        ? true
        : undefined,
    );
    // What every process does each 30 s, and whenever it has connected.
    one.queue.onApplicationBootstrap();
    expect(await settled(one, deployment.id)).toMatchObject({
      status: 'failed',
      hosts: [
        { host: 'a', status: 'succeeded' },
        { host: 'b', status: 'dropped', error: { code: 'host_away' } },
      ],
    });
  });
});
