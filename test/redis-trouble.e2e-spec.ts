// @extended
// @needs internet: for redis-server, a Debian package, where it is not there.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { eventsChannel } from '../src/deployments/redis/redis.deployment-events.js';
import { queueName } from '../src/queue/fleet/host-deliveries.js';
import { keyPrefix } from '../src/redis/redis-connections.js';
import { RedisUnavailable } from '../src/redis/redis-unavailable.js';
import { begin, end } from './support/service/queue-work.js';
import { redisProgram, TestRedis } from './support/service/redis.js';
import { redisQueue, type RedisQueueUnderTest } from './support/service/redis-queue.js';
import { until } from './support/runner/until.js';

Logger.overrideLogger(false);

(redisProgram ? describe : describe.skip)('a Redis that holds or brings what does not fit', () => {
  let redis: TestRedis;
  let database = 0;
  let raw: Redis;
  const open: RedisQueueUnderTest[] = [];

  const process = async (host?: string, hostWaitMs?: number): Promise<RedisQueueUnderTest> => {
    const one = await redisQueue(`${redis.url}/${database}`, host, 100, hostWaitMs);
    open.push(one);
    return one;
  };
  const announced = async (host: string, containers: Record<string, string>): Promise<void> => {
    const number = await raw.incr(`${keyPrefix}:announcements`);
    await raw.set(`${keyPrefix}:generation`, randomUUID(), 'NX');
    await raw.sadd(`${keyPrefix}:hosts`, host);
    await raw.set(`${keyPrefix}:host:${host}`, JSON.stringify(containers), 'EX', 600);
    await raw.set(`${keyPrefix}:live:${host}`, String(number), 'EX', 95);
  };

  beforeAll(async () => {
    redis = await TestRedis.start('--databases', '64');
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
    raw.disconnect();
    database++;
  });
  afterAll(async () => {
    await redis.kill();
  });
  const connected = (): void => {
    raw = new Redis(`${redis.url}/${database}`);
  };

  it.each(['garbage', 'null', '{}', '{"origin":1}', '{"origin":"x","event":{"type":"finished"}}', '[]'])(
    'goes on after the message %j on the channel of events',
    async (message) => {
      connected();
      const one = await process('here');
      await raw.publish(eventsChannel, message);
      await until('the message to be skipped', 5000, () =>
        Promise.resolve(one.redis.stored.skipped('event') > 0 ? true : undefined),
      );
      const { deployment } = await one.queue.add('web', 'ci');
      expect((await begin(one)).deploymentId).toBe(deployment.id);
    },
  );

  it('answers nobody who waits by a forged end: the record decides', async () => {
    connected();
    const one = await process('here');
    const { deployment } = await one.queue.add('web', 'ci');
    const waiting = one.deployments.untilFinished(deployment.id, AbortSignal.timeout(20_000));
    const forged = { ...deployment, status: 'succeeded', result: 'updated', finishedAt: new Date().toISOString() };
    await raw.publish(
      eventsChannel,
      JSON.stringify({ origin: randomUUID(), event: { type: 'finished', deployment: forged } }),
    );
    expect(await Promise.race([waiting, setTimeout(1000, 'still waits')])).toBe('still waits');
    const job = await begin(one);
    await one.deployments.finish(job.deploymentId, { status: 'failed', error: { code: 'refused', message: 'no' } });
    expect(await waiting).toMatchObject({ status: 'failed' });
  });

  it.each(['garbage', '{}', 'null', '{"deployment":{"id":"x"},"permissions":[]}'])(
    'lists and accepts beside the record %j, and counts it',
    async (text) => {
      connected();
      const one = await process('here');
      const { deployment: bad } = await one.queue.add('broken', 'ci');
      await raw.hset(`${keyPrefix}:deployments`, bad.id, text);
      expect(await one.deployments.find(bad.id)).toBeUndefined();
      const { deployment } = await one.queue.add('web', 'ci');
      const { deployment: again } = await one.queue.add('broken', 'ci');
      expect(again.id).not.toBe(bad.id);
      expect((await one.store.newest(10, () => true)).map(({ id }) => id)).toEqual(
        expect.arrayContaining([deployment.id, again.id]),
      );
      expect(one.redis.stored.skipped('record')).toBeGreaterThan(0);
      const taken = [await begin(one), await begin(one)].map(({ deploymentId }) => deploymentId);
      expect(taken.sort()).toEqual([deployment.id, again.id].sort());
    },
  );

  it('skips a record that is nested so deep that nobody could write it again, and works on the others', async () => {
    connected();
    const one = await process('here');
    const { deployment: bad } = await one.queue.add('broken', 'ci');
    const text = String(await raw.hget(`${keyPrefix}:deployments`, bad.id));
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    await raw.hset(
      `${keyPrefix}:deployments`,
      bad.id,
      text.replace('{"deployment":{', `{"deployment":{"later":${deep},`),
    );
    const { deployment } = await one.queue.add('web', 'ci');
    expect((await begin(one)).deploymentId).toBe(deployment.id);
    expect(await one.deployments.find(bad.id)).toBeUndefined();
    expect(one.redis.stored.skipped('record')).toBeGreaterThan(0);
  });

  it.each(['deployments', 'accepted', 'waiting', 'running', 'waiting:web', 'hosts', 'generation'])(
    'refuses while the key %s holds something of another kind, and goes on when it is removed',
    async (name) => {
      connected();
      await announced('here', { web: 'docker.io/library/web' });
      const one = await process('here');
      const api = await process();
      await raw.del(`${keyPrefix}:${name}`);
      await raw.xadd(`${keyPrefix}:${name}`, '*', 'field', 'value');
      for (const { queue } of [one, api]) {
        const refusal = await queue.add('web', 'ci').catch((error: unknown) => error);
        if (refusal instanceof Error) expect(refusal).toBeInstanceOf(RedisUnavailable);
      }
      await raw.del(`${keyPrefix}:${name}`);
      await announced('here', { web: 'docker.io/library/web' });
      await setTimeout(1100);
      for (const { queue } of [one, api])
        expect(await queue.add('web', 'ci')).toMatchObject({ deployment: { host: 'here' } });
    },
    30_000,
  );

  it('removes a job that BullMQ cannot read, counts it, delivers its deployment again, and works on the others', async () => {
    connected();
    const one = await process('here');
    const { deployment } = await one.queue.add('web', 'ci');
    const { deployment: next } = await one.queue.add('other', 'ci');
    await raw.hset(`${keyPrefix}:${queueName('here')}:${deployment.id}`, 'data', 'garbage');
    const first = await begin(one);
    expect(first.deploymentId).toBe(next.id);
    expect(one.redis.stored.skipped('job')).toBe(1);
    await end(one, first);
    expect((await begin(one)).deploymentId).toBe(deployment.id);
  }, 90_000);

  it.each(['garbage', '[]', '{"web":7}'])(
    'accepts for other hosts beside the announcement %j',
    async (text) => {
      connected();
      await announced('good', { web: 'docker.io/library/web' });
      await announced('bad', { web: 'docker.io/library/web' });
      await raw.set(`${keyPrefix}:host:bad`, text, 'EX', 600);
      const api = await process();
      const { deployment } = await api.queue.add('web', 'ci');
      expect(deployment.host ?? deployment.hosts?.map(({ host }) => host)).toEqual(
        deployment.hosts ? expect.arrayContaining(['good']) : 'good',
      );
      expect(api.redis.stored.skipped('announcement')).toBeGreaterThan(0);
    },
    30_000,
  );

  it('misses a host that it knew when Redis comes back empty, and does not succeed without it', async () => {
    connected();
    for (const host of ['a', 'b']) await announced(host, { web: 'docker.io/library/web' });
    const api = await process();
    const { deployment: before } = await api.queue.add('web', 'ci');
    expect(before.hosts?.map(({ host }) => host)).toEqual(['a', 'b']);
    await raw.flushdb();
    await announced('a', { web: 'docker.io/library/web' });
    await setTimeout(1100);
    const { deployment } = await api.queue.add('web', 'ci');
    expect(deployment.hosts?.map(({ host }) => host)).toEqual(['a', 'b']);
  }, 30_000);

  it('keeps what has waited for long when its host has only just gone, and hands it over when the host is back', async () => {
    connected();
    const hostWaitMs = 3000;
    const agent = await process('there', hostWaitMs);
    await announced('there', { web: 'docker.io/library/web' });
    const api = await process(undefined, hostWaitMs);
    const { deployment } = await api.queue.add('web', 'ci');
    // Longer than HOST_WAIT while its host is there.
    await setTimeout(hostWaitMs + 500);
    await agent.close();
    open.splice(open.indexOf(agent), 1);
    await raw.del(`${keyPrefix}:live:there`);
    await setTimeout(1000);
    expect(await api.deployments.find(deployment.id)).toMatchObject({ status: 'queued' });
    const back = await process('there', hostWaitMs);
    await announced('there', { web: 'docker.io/library/web' });
    expect((await begin(back)).deploymentId).toBe(deployment.id);
  }, 30_000);

  it('forgets a host by the commands that docs/fleet.md prints', async () => {
    connected();
    for (const host of ['here', 'old-host']) await announced(host, { web: 'docker.io/library/web' });
    for (const [, command = ''] of readFileSync('docs/fleet.md', 'utf8').matchAll(
      /^redis-cli -u "\$REDIS_URL" (.+)$/gm,
    )) {
      const [name = '', ...args] = command.split(' ');
      await raw.call(name, ...args);
    }
    const api = await process();
    expect((await api.queue.add('web', 'ci')).deployment).toMatchObject({ host: 'here' });
  });

  it('says that a full Redis cannot be used, refuses what it cannot keep, and goes on when there is room', async () => {
    connected();
    const one = await process('here');
    await one.queue.probe();
    await raw.config('SET', 'maxmemory-policy', 'noeviction');
    await raw.config('SET', 'maxmemory', '1');
    try {
      await expect(one.queue.probe()).rejects.toThrow(/full \(OOM\)/);
      await expect(one.queue.add('web', 'ci')).rejects.toThrow(RedisUnavailable);
    } finally {
      await raw.config('SET', 'maxmemory', '0');
    }
    await one.queue.probe();
    const { deployment } = await one.queue.add('web', 'ci');
    expect((await begin(one)).deploymentId).toBe(deployment.id);
  });
});
