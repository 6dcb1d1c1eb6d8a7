// @extended
// @needs internet: for redis-server, a Debian package, where it is not there.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import type { DeploymentEvent } from '../src/deployments/deployment-events.js';
import { newDeployment } from '../src/deployments/deployment.js';
import { QueueFull } from '../src/queue/queue.service.js';
import { maxWaitingPerCaller } from '../src/queue/shares.js';
import { RedisUnavailable } from '../src/redis/redis-unavailable.js';
import { describeQueue } from './support/service/queue.contract.js';
import { describeQueueShares } from './support/service/queue-shares.contract.js';
import { begin } from './support/service/queue-work.js';
import { redisProgram, TestRedis } from './support/service/redis.js';
import { redisQueue, type RedisQueueUnderTest } from './support/service/redis-queue.js';
import { until } from './support/runner/until.js';

const never = new AbortController().signal;
/** A job stays with a process that was killed for up to 20 s. */
const retakenWithinMs = 45_000;
Logger.overrideLogger(process.env.DBG ? (undefined as never) : false);

const describeWithRedis = redisProgram ? describe : describe.skip;

describeWithRedis('with Redis', () => {
  let redis: TestRedis;
  let database = 0;
  const open: RedisQueueUnderTest[] = [];

  /** Each test has a database to itself: what one leaves is none of the next one's business. */
  const processes = async (count: number, queueSize?: number): Promise<RedisQueueUnderTest[]> => {
    const url = `${redis.url}/${database++}`;
    const host = `host-${randomUUID().slice(0, 8)}`;
    const all = await Promise.all(Array.from({ length: count }, () => redisQueue(url, host, queueSize)));
    open.push(...all);
    return all;
  };
  const at = (all: RedisQueueUnderTest[], index: number): RedisQueueUnderTest => {
    const one = all[index % all.length];
    if (!one) throw new Error('there is no process');
    return one;
  };

  beforeAll(async () => {
    redis = await TestRedis.start('--databases', '64');
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  afterAll(async () => {
    await redis.kill();
  });

  describeQueue('the queue', async (queueSize) => redisQueue(`${redis.url}/${database++}`, 'here', queueSize));

  describeQueueShares(
    'what callers share of the queue',
    async (queueSize) => redisQueue(`${redis.url}/${database++}`, 'here', queueSize),
    { takesTurns: false },
  );

  it('leaves places for others, however many hosts one caller asks for that nobody has', async () => {
    const [one] = (await processes(1, 10)) as [RedisQueueUnderTest];
    const limited = { account: 'ci', isLimited: true };
    await one.queue.add('web', 'ci', limited);
    for (let count = 0; count < 3; count++) {
      const { deployment } = await one.queue.add('web', 'ci', { ...limited, host: `nowhere-${count}` });
      expect(await one.deployments.find(deployment.id)).toMatchObject({ status: 'failed' });
    }
    expect(await one.queue.size()).toBe(1);
    for (let count = 0; count < 4; count++) await one.queue.add(`c${count}`, 'ci', limited);
    await expect(one.queue.add('c5', 'ci', limited)).rejects.toThrow(QueueFull);
    expect(
      (await one.queue.add('web', 'other', { isLimited: true, digest: `sha256:${'a'.repeat(64)}` })).coalesced,
    ).toBe(false);
  });

  it('is one queue for several processes: what one accepts the other takes, and hears of', async () => {
    const [api, agent] = (await processes(2)) as [RedisQueueUnderTest, RedisQueueUnderTest];
    const heard: DeploymentEvent[] = [];
    api.events.subscribe((event) => heard.push(event));
    const { deployment } = await api.queue.add('web', 'ci');
    const ended = api.deployments.untilFinished(deployment.id, AbortSignal.timeout(20_000));
    const job = await begin(agent);
    await agent.deployments.enterStage(job.deploymentId, 'pull');
    agent.deployments.reportProgress(job.deploymentId, {
      layersDone: 1,
      layersTotal: 2,
      currentBytes: 3,
      totalBytes: 4,
    });
    await agent.deployments.finish(job.deploymentId, { status: 'succeeded', result: 'updated' });
    await agent.queue.done(job);
    expect(await ended).toMatchObject({ id: deployment.id, status: 'succeeded' });
    expect(heard.map(({ type, relayed }) => [type, relayed])).toEqual([
      ['queued', undefined],
      ['started', true],
      ['stage', true],
      ['progress', true],
      ['finished', true],
    ]);
  });

  it('accepts in several processes at once: one deployment for a container, and no more than may wait', async () => {
    const all = await processes(3, 4);
    const answers = await Promise.allSettled(
      Array.from({ length: 90 }, (_, index) => at(all, index).queue.add(`c${index % 6}`, 'ci')),
    );
    const accepted = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.deployment] : []));
    expect(new Set(accepted.map(({ id }) => id)).size).toBe(4);
    expect(new Set(accepted.map(({ container }) => container)).size).toBe(4);
    expect(await all[0]?.queue.size()).toBe(4);
  });

  it('has only one job of a host at work at a time, also where two processes have its name', async () => {
    const [one, other] = (await processes(2)) as [RedisQueueUnderTest, RedisQueueUnderTest];
    for (const container of ['a1', 'b1']) await one.queue.add(container, 'ci');
    const first = await begin(one);
    const patience = new AbortController();
    const second = other.queue.take(patience.signal);
    await one.deployments.enterStage(first.deploymentId, 'pull');
    await until('a look of the other one', 10_000, async () =>
      (await one.queue.order()).length === 1 ? true : undefined,
    );
    await one.deployments.finish(first.deploymentId, { status: 'succeeded', result: 'updated' });
    await one.queue.done(first);
    const next = await Promise.race([second, one.queue.take(patience.signal)]);
    expect(next?.container).toBe('b1');
    patience.abort();
  });

  it('gives what a killed process worked on to the next one, which begins it anew, before all others', async () => {
    const [killed, next] = (await processes(2)) as [RedisQueueUnderTest, RedisQueueUnderTest];
    const { deployment } = await killed.queue.add('web', 'ci');
    await killed.queue.add('other', 'ci');
    const lost = await begin(killed);
    await killed.deployments.enterStage(lost.deploymentId, 'swap');
    await until('the record of the stage', 5000, async () =>
      (await next.deployments.find(deployment.id))?.stages.length === 1 ? true : undefined,
    );
    // As after a kill: nothing is put back, and nobody renews the lock.
    await killed.close();
    const again = await until('the deployment, taken again', retakenWithinMs, () => begin(next), 0);
    expect(again).toEqual(lost);
    expect(await next.deployments.find(deployment.id)).toMatchObject({
      status: 'running',
      attempts: 2,
      retries: [{ code: 'interrupted', stage: 'swap' }],
    });
    await next.deployments.finish(again.deploymentId, { status: 'succeeded', result: 'up_to_date' });
    await next.queue.done(again);
    expect((await begin(next)).container).toBe('other');
  }, 120_000);

  it('delivers what was accepted by a process that was killed before it could', async () => {
    const [api] = (await processes(1)) as [RedisQueueUnderTest];
    const deployment = newDeployment('web', 'ci');
    await api.store.accept({ deployment, permissions: [['web']], host: 'host-of-its-own' });
    const agent = await redisQueue(`${redis.url}/${database - 1}`, 'host-of-its-own');
    open.push(agent);
    expect((await begin(agent)).deploymentId).toBe(deployment.id);
  });

  it('loses nothing that was accepted when Redis is killed; refuses while it is away, and goes on when it is back', async () => {
    const [one] = (await processes(1)) as [RedisQueueUnderTest];
    const accepted: string[] = [];
    for (let index = 0; index < 20; index++) accepted.push((await one.queue.add(`c${index}`, 'ci')).deployment.id);
    await redis.kill();
    await expect(one.queue.add('late', 'ci')).rejects.toThrow(RedisUnavailable);
    await expect(one.deployments.find(String(accepted[0]))).rejects.toThrow(RedisUnavailable);
    await redis.launch();
    await until('Redis', 20_000, async () => ((await one.queue.size()) === 20 ? true : undefined));
    expect(await one.queue.order()).toEqual(accepted);
    for (const id of accepted) {
      const job = await begin(one);
      expect(job.deploymentId).toBe(id);
      await one.deployments.finish(id, { status: 'succeeded', result: 'updated' });
      await one.queue.done(job);
    }
  }, 90_000);

  it('lets an update go on while Redis is away, and records its end when it is back', async () => {
    const [api, agent] = (await processes(2)) as [RedisQueueUnderTest, RedisQueueUnderTest];
    const { deployment } = await api.queue.add('web', 'ci');
    const ended = api.deployments.untilFinished(deployment.id, AbortSignal.timeout(60_000));
    const job = await begin(agent);
    await redis.kill();
    for (const stage of ['pull', 'prepare', 'swap', 'prove'])
      await agent.deployments.enterStage(job.deploymentId, stage);
    const finishing = agent.deployments.finish(job.deploymentId, { status: 'succeeded', result: 'updated' });
    await redis.launch();
    await finishing;
    await agent.queue.done(job);
    const stages = ['pull', 'prepare', 'swap', 'prove'].map((stage): unknown => expect.objectContaining({ stage }));
    expect(await ended).toMatchObject({ status: 'succeeded', attempts: 1, stages });
    await api.queue.add('next', 'ci');
    expect((await begin(agent)).container).toBe('next');
  }, 90_000);

  it('ends a deployment that is interrupted again and again', async () => {
    const [agent] = (await processes(1)) as [RedisQueueUnderTest];
    const { deployment } = await agent.queue.add('web', 'ci');
    const retry = { stage: 'swap', code: 'interrupted', message: 'test', notBefore: new Date(0).toISOString() };
    for (let times = 0; times < 6; times++) await agent.queue.requeue(await begin(agent), retry);
    const taken = agent.queue.take(never);
    const given = await agent.deployments.untilFinished(deployment.id, AbortSignal.timeout(20_000));
    expect(given).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
    const { deployment: next } = await agent.queue.add('next', 'ci');
    expect((await taken)?.deploymentId).toBe(next.id);
  });

  it('keeps the newest few of a caller for a container, and ends its older ones as superseded', async () => {
    const [one] = (await processes(1, 50)) as [RedisQueueUnderTest];
    const digest = (): string => `sha256:${randomBytes(32).toString('hex')}`;
    const others = await one.queue.add('web', 'other', { digest: digest() });
    const asked = await Promise.all(Array.from({ length: 60 }, () => one.queue.add('web', 'ci', { digest: digest() })));
    expect(await one.queue.size()).toBe(maxWaitingPerCaller + 1);
    expect(await one.queue.order()).toContain(others.deployment.id);
    expect(await one.deployments.find(String(asked[0]?.deployment.id))).toMatchObject({
      status: 'failed',
      attempts: 0,
      error: { code: 'superseded' },
    });
    await one.queue.add('api', 'other');
    const taken: string[] = [];
    for (let count = 0; count < maxWaitingPerCaller + 2; count++) {
      const job = await begin(one);
      taken.push(job.container);
      await one.deployments.finish(job.deploymentId, { status: 'succeeded', result: 'updated' });
      await one.queue.done(job);
    }
    expect(taken).toContain('api');
    expect(await one.queue.size()).toBe(0);
  });

  it('forgets first what ended before it began', async () => {
    const [one] = (await processes(1)) as [RedisQueueUnderTest];
    const { deployment } = await one.queue.add('web', 'ci');
    const job = await begin(one);
    await one.deployments.finish(job.deploymentId, { status: 'succeeded', result: 'updated' });
    await one.queue.done(job);
    for (let index = 0; index < 110; index++) await one.store.add(newDeployment(`c${index}`, 'ci'));
    for (const id of await one.queue.order())
      await one.deployments.finish(id, { status: 'dropped', error: { code: 'cancelled', message: 'test' } });
    const kept = await one.deployments.newest(1000, () => true);
    expect(kept).toHaveLength(100);
    expect(kept.map(({ id }) => id)).toContain(deployment.id);
    expect(await one.deployments.find(String(kept[0]?.id))).toMatchObject({ container: 'c109' });
  });

  it('keeps as many ended deployments as it may, and nothing else of them', async () => {
    const [one] = (await processes(1)) as [RedisQueueUnderTest];
    for (let index = 0; index < 110; index++) {
      await one.queue.add(`c${index}`, 'ci');
      const job = await begin(one);
      await one.deployments.finish(job.deploymentId, { status: 'succeeded', result: 'updated' });
      await one.queue.done(job);
    }
    const kept = await one.deployments.newest(1000, () => true);
    expect(kept.map(({ container }) => container)).toEqual(
      Array.from({ length: 100 }, (_, index) => `c${109 - index}`),
    );
    const names = await one.redis.patient.keys('*');
    expect(
      names.filter((name) => name.includes('waiting') || name.includes('joinable') || name.includes('running')),
    ).toEqual([]);
    // The records, their two orders, the counter, and what BullMQ has of a queue that is empty.
    expect(names.length).toBeLessThan(12);
  });
});
