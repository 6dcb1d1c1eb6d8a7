import { Logger } from '@nestjs/common';
import type { Job as BullJob, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { keyPrefix, type RedisConnections } from '../../redis/redis-connections.js';
import { queueName } from './host-deliveries.js';

/** How long a job stays with a process that says nothing. A live process renews its lock three times in that time. */
const lockMs = 15_000;
const renewals = 3;
/** How often BullMQ looks for jobs whose lock has run out. */
const stalledIntervalMs = 5000;
/** How long a worker waits for a job before it looks again: BullMQ wakes none when the job of another process ends. */
const maxBlockSeconds = 5;
/** After an error of Redis. */
const pauseMs = 2000;

interface OpenedInbox {
  worker: Worker;
  queue: Queue;
  connection: Redis;
}

interface Taken {
  job: BullJob;
  renewal: NodeJS.Timeout;
}

/**
 * The host's end of its BullMQ queue: fetches one job at a time, and keeps it for as long as this process lives, as
 * https://docs.bullmq.io/patterns/manually-fetching-jobs describes. BullMQ gives a job whose process is gone to the next one, at
 * most `stalledIntervalMs` after its lock has run out, and before all others.
 */
export class HostInbox {
  private readonly logger = new Logger('Inbox');
  private readonly token = randomUUID();
  private opened: Promise<OpenedInbox> | undefined;
  /** Goes on when somebody stops waiting for it: what it brings is for the next one. */
  private next: Promise<BullJob | undefined> | undefined;
  private readonly taken = new Map<string, Taken>();
  private isClosed = false;
  /** Whether a job was fetched that BullMQ cannot read: it blocks all others until it is removed. */
  private hasUnreadable = false;

  constructor(
    private readonly redis: RedisConnections,
    private readonly host: string,
  ) {}

  /** The id of the next deployment; undefined once the signal is aborted. Waits for Redis while it is away. */
  async take(signal: AbortSignal): Promise<string | undefined> {
    const opened = await (this.opened ??= this.open());
    const enough = new AbortController();
    const aborted = once(signal, 'abort', { signal: enough.signal }).then(
      () => undefined,
      () => undefined,
    );
    try {
      while (!signal.aborted && !this.isClosed) {
        this.next ??= this.nextOf(opened, signal).then((job) => {
          if (!job) this.next = undefined;
          return job;
        });
        const job = await Promise.race([this.next, aborted]);
        if (!job) continue;
        this.next = undefined;
        return this.keep(String(job.id), job);
      }
      return undefined;
    } finally {
      enough.abort();
    }
  }

  /** It has ended. */
  async complete(deploymentId: string): Promise<void> {
    await this.leave(deploymentId, (job) => job.moveToCompleted('', this.token, false));
  }

  /** It is to be taken again, by whomever, at that time (epoch milliseconds), or at once and before all others. */
  async putBack(deploymentId: string, at?: number): Promise<void> {
    await this.leave(deploymentId, (job) =>
      at === undefined ? job.moveToWait(this.token) : job.moveToDelayed(at, this.token),
    );
  }

  /** Whatever was taken and neither completed nor put back, for that could not be recorded: it comes again after a while. */
  async letGo(): Promise<void> {
    for (const id of this.taken.keys()) await this.putBack(id, Date.now() + pauseMs);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const { renewal } of this.taken.values()) clearInterval(renewal);
    if (!this.opened) return;
    const { worker, queue, connection } = await this.opened;
    await worker.close(true);
    await queue.close();
    connection.disconnect();
  }

  private async nextOf({ worker, queue }: OpenedInbox, signal: AbortSignal): Promise<BullJob | undefined> {
    try {
      if (!this.hasUnreadable) return (await worker.getNextJob(this.token)) as BullJob | undefined;
      await this.removeUnreadable(queue);
    } catch (error) {
      if (error instanceof SyntaxError) this.hasUnreadable = true;
      else this.logger.warn(`no job could be taken: ${(error as Error).message}`);
    }
    await setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
    return undefined;
  }

  /** BullMQ removes a job once its lock has run out. The sweep delivers its deployment again, if there is one. */
  private async removeUnreadable(queue: Queue): Promise<void> {
    for (const id of await queue.getRanges(['active', 'wait'])) {
      const isReadable = await queue.getJob(id).then(
        () => true,
        (error: unknown) => {
          if (error instanceof SyntaxError) return false;
          throw error;
        },
      );
      if (isReadable) continue;
      if ((await queue.remove(id)) === 0) return;
      this.redis.stored.skip('job', id, 'it is not JSON');
    }
    this.hasUnreadable = false;
  }

  private keep(id: string, job: BullJob): string {
    clearInterval(this.taken.get(id)?.renewal);
    const renewal = setInterval(() => {
      job.extendLock(this.token, lockMs).catch(() => undefined);
    }, lockMs / renewals);
    this.taken.set(id, { job, renewal });
    return id;
  }

  /** Where the job was lost meanwhile, for the network was, it comes again, and its record says what became of it. */
  private async leave(id: string, move: (job: BullJob) => Promise<unknown>): Promise<void> {
    const taken = this.taken.get(id);
    if (!taken) return;
    this.taken.delete(id);
    clearInterval(taken.renewal);
    await move(taken.job).catch((error: unknown) => {
      this.logger.debug(`the job of deployment ${id} was lost, and will come again: ${String(error)}`);
    });
  }

  private async open(): Promise<OpenedInbox> {
    const { Queue, Worker } = await import('../../redis/redis-libraries.js');
    const connection = this.redis.connect({});
    const options = { connection, prefix: keyPrefix, skipVersionCheck: true };
    // Of two processes with the same name, only one works at a time.
    const queue = new Queue(queueName(this.host), { ...options, skipMetasUpdate: true });
    queue.on('error', () => undefined);
    await queue.setGlobalConcurrency(1);
    const worker = new Worker(queueName(this.host), undefined, {
      ...options,
      concurrency: 1,
      drainDelay: maxBlockSeconds,
      lockDuration: lockMs,
      stalledInterval: stalledIntervalMs,
      // The record counts how often a deployment was interrupted, and ends it.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    worker.on('error', (error) => {
      this.logger.debug(`BullMQ: ${error.message}`);
    });
    await worker.startStalledCheckTimer();
    return { worker, queue, connection };
  }
}
