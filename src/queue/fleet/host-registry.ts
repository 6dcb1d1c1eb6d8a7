import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { hostNamePattern } from '../../common/host-name.js';
import { keyPrefix, promptTimeoutMs, type RedisConnections, type Script } from '../../redis/redis-connections.js';
import { answered, RedisUnavailable } from '../../redis/redis-unavailable.js';

/** A host that has announced itself, and its containers: names, and the repositories of their images. */
export interface AnnouncedHost {
  host: string;
  /** Whether it has done so lately. */
  isLive: boolean;
  /** By which its announcements follow those of all hosts; 0 where it is away. One that cannot be read is none of a host that is live. */
  announcement: number;
  /** How long ago it announced itself last, or said that it goes, in milliseconds; undefined where it is live, or nobody knows. */
  awayMs?: number;
  containers: Record<string, string>;
}

/** A host announces itself every 30 s, and is away after three times that. */
export const announceMs = 30_000;
const liveSeconds = 95;
/** One that has been away for longer is forgotten. */
const rememberedSeconds = 7 * 24 * 3600;
/** However many requests come, Redis is asked at most this often for all that is announced. */
const cacheMs = 1000;
/** How long a host that Redis has lost is waited for by a notify; it connects again within 3 s. */
export const missedMs = 5000;
const askedChannel = `${keyPrefix}:announce`;
const hostsKey = `${keyPrefix}:hosts`;
/** Made by the first who announces: a Redis with another one has lost what it knew. */
const generationKey = `${keyPrefix}:generation`;

const announcedContainers = z.record(z.string(), z.string());

/** Which hosts there are, and what they have: written by themselves, and gone by itself. */
export class HostRegistry {
  private readonly logger = new Logger('Fleet');
  /** What was read last, and from which Redis: what it has lost since is written to it again. */
  private known: { generation: string; hosts: AnnouncedHost[] } | undefined;
  private readonly missed = new Map<string, number>();
  private cached: { at: number; hosts: Promise<AnnouncedHost[]> } | undefined;

  constructor(private readonly redis: RedisConnections) {}

  /** Says that this host is there. Waits for Redis while it is away. */
  async announce(host: string, list: () => Promise<Record<string, string>>): Promise<void> {
    // Before it looks: what is announced is no older than its number.
    const announcement = Number(await this.redis.run(this.redis.patient, numberScript, ['announcements'], []));
    const containers = await list();
    await this.redis.patient
      .multi()
      .set(generationKey, randomUUID(), 'NX')
      .sadd(hostsKey, host)
      .set(containersKey(host), JSON.stringify(containers), 'EX', rememberedSeconds)
      .set(liveKey(host), announcement, 'EX', liveSeconds)
      .exec();
  }

  /** Says that this host goes, and will be back. Its absence counts from now. */
  async leave(host: string): Promise<void> {
    const leaving = this.redis.prompt.multi().del(liveKey(host)).expire(containersKey(host), rememberedSeconds).exec();
    await answered(leaving, promptTimeoutMs).catch(() => undefined);
  }

  /** Those that are remembered, in the order of their names. @throws RedisUnavailable */
  hosts(): Promise<AnnouncedHost[]> {
    const now = performance.now();
    if (!this.cached || now - this.cached.at > cacheMs) {
      const hosts = this.read();
      this.cached = { at: now, hosts };
      hosts.catch(() => (this.cached = undefined));
    }
    return this.cached.hosts;
  }

  /** Asks all hosts to announce themselves now; answers the number that their announcements will be above. */
  async ask(): Promise<number> {
    const last = await answered(this.redis.prompt.get(`${keyPrefix}:announcements`), promptTimeoutMs);
    await answered(this.redis.prompt.publish(askedChannel, ''), promptTimeoutMs);
    this.forget();
    return wholeNumber(last);
  }

  /** The next look is a new one. */
  forget(): void {
    this.cached = undefined;
  }

  /** Calls back with each new connection: Redis may have lost what it knew. */
  onConnected(announce: () => void): void {
    this.redis.prompt.on('ready', announce);
  }

  /** Calls back whenever somebody asks. */
  onAsked(announce: () => void): void {
    const { listener } = this.redis;
    listener.on('message', (channel: string) => {
      if (channel === askedChannel) announce();
    });
    listener.subscribe(askedChannel).catch(() => undefined);
  }

  /**
   * Those of which Redis has lost what they announced a moment ago, or holds something that cannot be read, and that have not announced
   * themselves since. @throws RedisUnavailable
   */
  async stillMissed(): Promise<string[]> {
    await this.hosts();
    const now = performance.now();
    return [...this.missed].filter(([, since]) => now - since < missedMs).map(([host]) => host);
  }

  private async read(): Promise<AnnouncedHost[]> {
    const { known } = this;
    let present = await this.readNow();
    if (known && known.generation !== present.generation) {
      const lost = known.hosts.filter(({ host }) => !present.names.includes(host));
      if (lost.length > 0) {
        await this.restore(lost);
        present = await this.readNow();
      }
    }
    const { generation, hosts } = present;
    if (generation !== undefined) this.known = { generation, hosts };
    for (const { host, isLive } of hosts) if (isLive) this.missed.delete(host);
    return hosts;
  }

  /**
   * What hosts were known to have is written again: a notify must not pass over a host because Redis was emptied. It is away until it
   * announces itself.
   */
  private async restore(lost: readonly AnnouncedHost[]): Promise<void> {
    const names = lost.map(({ host }) => host);
    this.logger.warn(`Redis has lost what the hosts ${names.join(', ')} announced; it is told again`);
    const writing = this.redis.prompt
      .multi()
      .set(generationKey, randomUUID(), 'NX')
      .sadd(hostsKey, ...names);
    for (const { host, containers } of lost)
      writing.set(containersKey(host), JSON.stringify(containers), 'EX', rememberedSeconds, 'NX');
    await answersOf(writing.exec());
    for (const name of names) this.miss(name);
  }

  private miss(host: string): void {
    if (!this.missed.has(host)) this.missed.set(host, performance.now());
  }

  private async readNow(): Promise<{ generation: string | undefined; names: string[]; hosts: AnnouncedHost[] }> {
    const all = (await answered(this.redis.prompt.smembers(hostsKey), promptTimeoutMs)).sort();
    const names = all.filter((name) => {
      if (hostNamePattern.test(name)) return true;
      this.redis.stored.skip('announcement', name, 'it is not the name of a host');
      return false;
    });
    const keys = names.flatMap((name) => [containersKey(name), liveKey(name)]);
    const reading = this.redis.prompt.pipeline().mget(generationKey, ...keys);
    for (const name of names) reading.pttl(containersKey(name));
    const [values, ...leftMs] = await answersOf(reading.exec());
    const [generation, ...ofHosts] = values as (string | null)[];
    const hosts = names.flatMap((host, index) => {
      const text = ofHosts[2 * index];
      if (typeof text !== 'string') return [];
      const readable = this.redis.stored.parse('announcement', host, text, announcedContainers);
      const containers = readable ?? this.containersBefore(host);
      const announcement = wholeNumber(ofHosts[2 * index + 1]);
      const isLive = announcement > 0 && readable !== undefined;
      const left = Number(leftMs[index]);
      const awayMs = isLive || left < 0 ? undefined : rememberedSeconds * 1000 - left;
      return [{ host, isLive, announcement, awayMs, containers }];
    });
    return { generation: generation ?? undefined, names, hosts };
  }

  /** What a host had before it, or somebody, announced what cannot be read; it is asked to announce itself anew. */
  private containersBefore(host: string): Record<string, string> {
    if (!this.missed.has(host)) this.redis.prompt.publish(askedChannel, '').catch(() => undefined);
    this.miss(host);
    return this.known?.hosts.find((each) => each.host === host)?.containers ?? {};
  }
}

/** What the commands of a pipeline, or a transaction, answered. @throws RedisUnavailable where one of them failed */
async function answersOf(work: Promise<[Error | null, unknown][] | null>): Promise<unknown[]> {
  const answers = (await answered(work, promptTimeoutMs)) ?? [];
  const failed = answers.find(([error]) => error !== null)?.[0];
  if (failed) throw new RedisUnavailable(failed);
  return answers.map(([, value]) => value);
}

function wholeNumber(text: string | null | undefined): number {
  const number = Number(text ?? 0);
  return Number.isSafeInteger(number) ? number : 0;
}

function containersKey(host: string): string {
  return `${keyPrefix}:host:${host}`;
}

function liveKey(host: string): string {
  return `${keyPrefix}:live:${host}`;
}

/** The number of the next announcement, above all before it. What is no number is replaced by one. */
const numberScript: Script = {
  name: 'numberAnnouncement',
  keys: 1,
  lua: `
local isString = redis.call('TYPE', KEYS[1]).ok == 'string'
local last = isString and tonumber(redis.call('GET', KEYS[1])) or 0
local number = string.format('%.0f', math.floor(last) + 1)
redis.call('SET', KEYS[1], number)
return number
`,
};
