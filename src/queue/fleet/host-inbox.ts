import { Logger } from '@nestjs/common';
import type { Job as BullJob, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { keyPrefix, type RedisConnections } from '../../redis/redis-connections.js';
import { queueName } from './host-deliveries.js';

/** How long a job stays with a process that says nothing; one that lives says so three times in that time. */
const lockMs = 15_000;
const renewals = 3;
/** How long Redis lets a worker wait for a job before it answers that there is none. */
const longestBlockSeconds = 30;
/** After an error of Redis, and while another process works on a job of this host. */
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
 * The host's end of its BullMQ queue: takes one job at a time, and keeps it for as long as this process lives. One whose process is
 * gone is taken over as soon as its lock has run out. BullMQ's own search for those is left off: it would take a minute and a half.
 */
export class HostInbox {
  private readonly logger = new Logger('Inbox');
  private readonly token = randomUUID();
  private opened: Promise<OpenedInbox> | undefined;
  /** Goes on when somebody stops waiting for it: what it brings is for the next one. */
  private next: Promise<BullJob | undefined> | undefined;
  private readonly taken = new Map<string, Taken>();
  private isClosed = false;

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

  private async nextOf({ worker, queue, connection }: OpenedInbox, signal: AbortSignal): Promise<BullJob | undefined> {
    try {
      const active = (await queue.getRanges(['active'], 0, -1, true)).filter((id) => !this.taken.has(id));
      for (const id of active) {
        if (!(await this.takeOver(`${queue.toKey(id)}:lock`, connection))) continue;
        const job = await this.read(queue, id, connection);
        if (job) return job;
      }
      if (active.length === 0) return (await worker.getNextJob(this.token)) as BullJob | undefined;
      await setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
    } catch (error) {
      this.logger.warn(`no job could be taken: ${(error as Error).message}`);
      await setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }

  /** Whether the lock of a job that is being worked on had run out, and is ours now; or was ours, and the job did not get here. */
  private async takeOver(lock: string, connection: Redis): Promise<boolean> {
    if ((await connection.set(lock, this.token, 'PX', lockMs, 'NX')) === 'OK') return true;
    return (await connection.get(lock)) === this.token;
  }

  /** Undefined for one that BullMQ cannot read: it is thrown away, and its deployment delivered anew, if there is one. */
  private async read(queue: Queue, id: string, connection: Redis): Promise<BullJob | undefined> {
    try {
      return await queue.getJob(id);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.redis.stored.skip('job', id, 'it is not JSON');
      await connection
        .multi()
        .lrem(queue.toKey('active'), 0, id)
        .del(queue.toKey(id), `${queue.toKey(id)}:lock`)
        .exec();
      return undefined;
    }
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
      autorun: false,
      concurrency: 1,
      drainDelay: longestBlockSeconds,
      lockDuration: lockMs,
      skipStalledCheck: true,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    worker.on('error', (error) => {
      this.logger.debug(`BullMQ: ${error.message}`);
    });
    return { worker, queue, connection };
  }
}
