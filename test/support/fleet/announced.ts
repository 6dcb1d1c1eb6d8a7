import type { Redis } from 'ioredis';
import { keyPrefix } from '../../../src/redis/redis-connections.js';
import { until } from '../runner/until.js';

/** Sooner than by what an agent tells every 30 s. */
const announcedWithinMs = 15_000;

/** Waits until a host has said that it has a container of that name, or has it no longer. */
export async function announced(redis: Redis, host: string, name: string, isThere = true): Promise<void> {
  await until(`news of ${name} on ${host}`, announcedWithinMs, async () => {
    const containers = JSON.parse((await redis.get(`${keyPrefix}:host:${host}`)) ?? '{}') as object;
    return name in containers === isThere || undefined;
  });
}
