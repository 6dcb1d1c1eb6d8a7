import type { Queue } from 'bullmq';
import { keyPrefix, promptTimeoutMs, type RedisConnections } from '../../redis/redis-connections.js';
import { answered } from '../../redis/redis-unavailable.js';

/** What BullMQ keeps of what it does, for its own user interfaces; we need none of it. */
const eventsKept = 100;

/** The name of the queue of a host; with the prefix before it and a colon, of all of its keys. */
export function queueName(host: string): string {
  return `host-${host}`;
}

/**
 * The way of deployments to the hosts: a BullMQ queue for each. A job is nothing but the id of a deployment, and is there until
 * that one has ended; all else stands in its record. To deliver one twice is harmless, also after its end.
 * Everything may throw RedisUnavailable.
 */
export class HostDeliveries {
  private readonly queues = new Map<string, Promise<Queue>>();

  constructor(private readonly redis: RedisConnections) {}

  async deliver(host: string, deploymentId: string): Promise<void> {
    const queue = await this.queueOf(host);
    await answered(queue.add('deployment', {}, { jobId: deploymentId }), promptTimeoutMs);
  }

  /** Which of these are on their way, or being worked on, in their order. */
  async areDelivered(all: readonly { host: string; deploymentId: string }[]): Promise<boolean[]> {
    if (all.length === 0) return [];
    const pipeline = this.redis.prompt.pipeline();
    for (const { host, deploymentId } of all) pipeline.exists(`${keyPrefix}:${queueName(host)}:${deploymentId}`);
    const answers = await answered(pipeline.exec(), promptTimeoutMs);
    return (answers ?? []).map(([error, found]) => error === null && found === 1);
  }

  /** Whether a process of the host works on it: it keeps the lock for as long as it lives. */
  async isHeld(host: string, deploymentId: string): Promise<boolean> {
    const lock = `${keyPrefix}:${queueName(host)}:${deploymentId}:lock`;
    return (await answered(this.redis.prompt.exists(lock), promptTimeoutMs)) === 1;
  }

  /** Takes one back that nobody has taken yet. */
  async withdraw(host: string, deploymentId: string): Promise<void> {
    const queue = await this.queueOf(host);
    await answered(queue.remove(deploymentId), promptTimeoutMs);
  }

  /** One that waits for its time is taken at once. */
  async hurry(host: string, deploymentId: string): Promise<void> {
    const queue = await this.queueOf(host);
    const job = await answered(queue.getJob(deploymentId), promptTimeoutMs);
    if (job && (await answered(job.isDelayed(), promptTimeoutMs)))
      await answered(job.promote(), promptTimeoutMs).catch(() => undefined);
  }

  async close(): Promise<void> {
    for (const queue of this.queues.values()) await (await queue).close();
  }

  private queueOf(host: string): Promise<Queue> {
    const present = this.queues.get(host) ?? this.open(host);
    this.queues.set(host, present);
    return present;
  }

  private async open(host: string): Promise<Queue> {
    const { Queue } = await import('../../redis/redis-libraries.js');
    const queue = new Queue(queueName(host), {
      connection: this.redis.prompt,
      prefix: keyPrefix,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      streams: { events: { maxLen: eventsKept } },
      skipVersionCheck: true,
    });
    queue.on('error', () => undefined);
    return queue;
  }
}
