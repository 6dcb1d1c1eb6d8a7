import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { StoredValues } from './stored-values.js';

/** Before all keys of this service. */
export const keyPrefix = 'trigger-docker-pull';

/** How long a request waits for Redis. */
export const promptTimeoutMs = 3000;
const connectTimeoutMs = 5000;
/** Keepalive finds a connection whose other end is gone without a word. */
const keepAliveMs = 30_000;
const longestReconnectMs = 3000;
/**
 * A connection on which nothing has come for so long, while an answer is waited for, is given up for a new one: after the network
 * was cut for some minutes, TCP by itself would go on with the old one only as many minutes later.
 */
const silenceMs = 10_000;

/** A script that Redis runs as one step (EVAL). */
export interface Script {
  name: string;
  keys: number;
  lua: string;
}

/**
 * The connections to Redis. All of them connect anew, for ever, when they are lost. What is asked of `prompt` fails at once while
 * Redis is away; what is asked of `patient` waits for it.
 */
export class RedisConnections implements OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  /** By this a process knows its own messages. */
  readonly origin = randomUUID();
  /** Reads what other processes have written. */
  readonly stored = new StoredValues();
  readonly prompt: Redis;
  readonly patient: Redis;
  /** For subscriptions, which take a connection for themselves. */
  readonly listener: Redis;

  private constructor(
    private readonly client: typeof Redis,
    readonly url: string,
  ) {
    this.prompt = this.connect({
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: promptTimeoutMs,
      socketTimeout: silenceMs,
    });
    this.patient = this.connect({ socketTimeout: silenceMs });
    this.listener = this.connect({});
    this.tellChanges(this.prompt);
  }

  /** Connects in the background: also while Redis is away. */
  static async open(url: string): Promise<RedisConnections> {
    const { Redis } = await import('./redis-libraries.js');
    return new RedisConnections(Redis, url);
  }

  /** One more connection that waits for Redis; whoever asks for it closes it. */
  connect(options: RedisOptions): Redis {
    const redis = new this.client(this.url, {
      connectTimeout: connectTimeoutMs,
      keepAlive: keepAliveMs,
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 10), longestReconnectMs),
      // A Redis that became a replica by a failover: connect again, to the one that is the primary now.
      reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
      ...options,
    });
    redis.on('error', () => undefined);
    return redis;
  }

  /** Runs a script by a connection; keys get their prefix. */
  async run(
    redis: Redis,
    { name, keys: count, lua }: Script,
    keys: string[],
    args: (string | number)[],
  ): Promise<unknown> {
    const commands = redis as unknown as Record<
      string,
      ((...all: (string | number)[]) => Promise<unknown>) | undefined
    >;
    if (!commands[name]) redis.defineCommand(name, { numberOfKeys: count, lua });
    return commands[name]?.(...keys.map((key) => `${keyPrefix}:${key}`), ...args);
  }

  onApplicationShutdown(): void {
    for (const redis of [this.prompt, this.patient, this.listener]) redis.disconnect();
  }

  /** One line when it goes, and one when it is back. */
  private tellChanges(redis: Redis): void {
    let isAway = false;
    redis.on('error', (error: Error) => {
      if (!isAway) this.logger.warn(`Redis cannot be reached: ${error.message}`);
      isAway = true;
    });
    redis.on('close', () => {
      if (!isAway && redis.status !== 'end') this.logger.warn('the connection to Redis was lost');
      isAway = true;
    });
    redis.on('ready', () => {
      this.logger.log('connected to Redis');
      isAway = false;
    });
  }
}
