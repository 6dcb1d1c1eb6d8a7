import { DeploymentsService } from '../../../src/deployments/deployments.service.js';
import { RedisDeploymentEvents } from '../../../src/deployments/redis/redis.deployment-events.js';
import { RedisDeploymentStore } from '../../../src/deployments/redis/redis.deployment-store.js';
import { Fleet } from '../../../src/queue/fleet/fleet.js';
import { RedisQueueService } from '../../../src/queue/fleet/redis.queue.service.js';
import { RedisConnections } from '../../../src/redis/redis-connections.js';
import type { QueueUnderTest } from './queue.contract.js';
import { until } from '../runner/until.js';

/** The parts of one process that have to do with the queue, as Nest puts them together. */
export interface RedisQueueUnderTest extends QueueUnderTest {
  queue: RedisQueueService;
  events: RedisDeploymentEvents;
  redis: RedisConnections;
  store: RedisDeploymentStore;
}

/** @param hostName none for a process that only accepts */
export async function redisQueue(
  url: string,
  hostName: string | undefined,
  queueSize = 100,
  hostWaitMs = 3_600_000,
): Promise<RedisQueueUnderTest> {
  const role = hostName === undefined ? ('api' as const) : ('all' as const);
  const settings = { hostName, role, hostWaitMs, stopAtFailure: true };
  const redis = await RedisConnections.open(url);
  const store = new RedisDeploymentStore(redis, { queueSize, deploymentsKept: 100 });
  const events = new RedisDeploymentEvents(redis, store, settings);
  const deployments = new DeploymentsService(store, events);
  const fleet = new Fleet(redis, settings, store, events);
  const queue = new RedisQueueService(redis, settings, store, deployments, events, fleet);
  events.onApplicationBootstrap();
  queue.onApplicationBootstrap();
  await until('a connection to Redis', 10_000, () => (redis.prompt.status === 'ready' ? true : undefined));
  return {
    queue,
    deployments,
    events,
    redis,
    store,
    close: async () => {
      await queue.onApplicationShutdown();
      redis.onApplicationShutdown();
    },
  };
}
