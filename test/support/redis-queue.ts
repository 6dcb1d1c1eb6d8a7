import { DeploymentsService } from '../../src/deployments/deployments.service.js';
import { RedisDeploymentEvents } from '../../src/deployments/redis.deployment-events.js';
import { RedisDeploymentStore } from '../../src/deployments/redis.deployment-store.js';
import { RedisQueueService } from '../../src/queue/redis.queue.service.js';
import { RedisConnections } from '../../src/redis/redis-connections.js';
import type { QueueUnderTest } from './queue.contract.js';
import { until } from './until.js';

/** The parts of one process that have to do with the queue, as Nest puts them together. */
export interface RedisQueueUnderTest extends QueueUnderTest {
  events: RedisDeploymentEvents;
  redis: RedisConnections;
  store: RedisDeploymentStore;
}

export async function redisQueue(url: string, hostName: string, queueSize = 100): Promise<RedisQueueUnderTest> {
  const redis = await RedisConnections.open(url);
  const store = new RedisDeploymentStore(redis, { queueSize, deploymentsKept: 100 });
  const events = new RedisDeploymentEvents(redis, store);
  const deployments = new DeploymentsService(store, events);
  const queue = new RedisQueueService(redis, { hostName }, store, deployments, events);
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
