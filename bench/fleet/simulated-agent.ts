import { setTimeout } from 'node:timers/promises';
import { DeploymentsService } from '../../src/deployments/deployments.service.js';
import { RedisDeploymentEvents } from '../../src/deployments/redis/redis.deployment-events.js';
import { RedisDeploymentStore } from '../../src/deployments/redis/redis.deployment-store.js';
import type { DockerService } from '../../src/docker/docker.service.js';
import type { Inventory } from '../../src/docker/inspect/inventory.js';
import type { Findings, Stage } from '../../src/docker/update/outcome.js';
import type { Report } from '../../src/docker/update/running-update.js';
import { Announcer } from '../../src/queue/fleet/announcer.service.js';
import { Fleet } from '../../src/queue/fleet/fleet.js';
import { RedisQueueService } from '../../src/queue/fleet/redis.queue.service.js';
import { WorkerService } from '../../src/queue/worker.service.js';
import { RedisConnections } from '../../src/redis/redis-connections.js';
import { containersOf } from './simulated-hosts.js';

const stages: readonly Stage[] = ['recover', 'inspect', 'pull', 'prepare', 'swap', 'prove', 'commit'];
/** An update takes seven times that: what is measured is the fleet, not an engine. */
const stageMs = 3;
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const findings: Findings = {
  image: 'registry.example/team/app:latest',
  fromImageId: digest,
  toImageId: digest,
  digest,
};

/**
 * One agent of a fleet, put together as Nest does it: all that it has to do with Redis is the service's own code. In the place of
 * the engine stands one that goes through the stages of an update and always succeeds.
 */
export async function startAgent(redisUrl: string, host: string, deploymentsKept: number): Promise<void> {
  const settings = {
    hostName: host,
    role: 'agent' as const,
    hostWaitMs: 3_600_000,
    stopAtFailure: true,
    drainTimeoutMs: 10_000,
    digestTimeoutMs: 60_000,
    pullRetries: 0,
  };
  const redis = await RedisConnections.open(redisUrl);
  const store = new RedisDeploymentStore(redis, { queueSize: 1_000_000, deploymentsKept });
  const events = new RedisDeploymentEvents(redis, store, settings);
  const deployments = new DeploymentsService(store, events);
  const fleet = new Fleet(redis, settings, store, events);
  const queue = new RedisQueueService(redis, settings, store, deployments, events, fleet);
  const worker = new WorkerService(queue, deployments, new FakeEngine() as unknown as DockerService, settings);
  // Nothing comes or goes on it by itself.
  const inventory: Pick<Inventory, 'list' | 'follow'> = {
    list: () => Promise.resolve(containersOf(host)),
    follow: () => new Promise(() => undefined),
  };
  const parts = [events, queue, new Announcer(inventory as Inventory, events, fleet, settings), worker];
  for (const part of parts) part.onApplicationBootstrap();
}

/** What the worker asks of DockerService. */
class FakeEngine implements Pick<DockerService, 'mustRecover' | 'recover' | 'update' | 'rollBack'> {
  mustRecover = true;

  recover: DockerService['recover'] = () => {
    this.mustRecover = false;
    return Promise.resolve({ undone: [], selfUpdates: [] });
  };

  update: DockerService['update'] = (_, report) => succeed(report);

  rollBack: DockerService['rollBack'] = (_, report) => succeed(report);
}

async function succeed(report: Report): ReturnType<DockerService['update']> {
  for (const stage of stages) {
    await report.stage(stage, findings);
    await setTimeout(stageMs);
  }
  return { ...findings, status: 'succeeded', result: 'updated' };
}
