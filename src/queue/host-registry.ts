import { keyPrefix, promptTimeoutMs, type RedisConnections } from '../redis/redis-connections.js';
import { answered } from '../redis/redis-unavailable.js';

/** A host that has announced itself, and its containers: names, and the repositories of their images. */
export interface AnnouncedHost {
  host: string;
  /** Whether it has done so lately. */
  isLive: boolean;
  /** By which its announcements follow those of all hosts; 0 where it is away. */
  announcement: number;
  containers: Record<string, string>;
}

/** A host announces itself every 30 s, and is away after three times that. */
export const announceMs = 30_000;
const liveSeconds = 95;
/** One that has been away for longer is forgotten. */
const rememberedSeconds = 7 * 24 * 3600;
/** However many requests come, Redis is asked at most this often for all that is announced. */
const cacheMs = 1000;
const askedChannel = `${keyPrefix}:announce`;

/** Which hosts there are, and what they have: written by themselves, and gone by itself. */
export class HostRegistry {
  private cached: { at: number; hosts: Promise<AnnouncedHost[]> } | undefined;

  constructor(private readonly redis: RedisConnections) {}

  /** Says that this host is there. Waits for Redis while it is away. */
  async announce(host: string, list: () => Promise<Record<string, string>>): Promise<void> {
    // Before it looks: what is announced is no older than its number.
    const announcement = await this.redis.patient.incr(`${keyPrefix}:announcements`);
    const containers = await list();
    await this.redis.patient
      .multi()
      .sadd(`${keyPrefix}:hosts`, host)
      .set(`${keyPrefix}:host:${host}`, JSON.stringify(containers), 'EX', rememberedSeconds)
      .set(`${keyPrefix}:live:${host}`, announcement, 'EX', liveSeconds)
      .exec();
  }

  /** Says that this host goes, and will be back. */
  async leave(host: string): Promise<void> {
    await answered(this.redis.prompt.del(`${keyPrefix}:live:${host}`), promptTimeoutMs).catch(() => undefined);
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
    return Number(last ?? 0);
  }

  /** The next look is a new one. */
  forget(): void {
    this.cached = undefined;
  }

  /** Calls back whenever somebody asks. */
  onAsked(announce: () => void): void {
    const { listener } = this.redis;
    listener.on('message', (channel: string) => {
      if (channel === askedChannel) announce();
    });
    listener.subscribe(askedChannel).catch(() => undefined);
  }

  private async read(): Promise<AnnouncedHost[]> {
    const names = (await answered(this.redis.prompt.smembers(`${keyPrefix}:hosts`), promptTimeoutMs)).sort();
    if (names.length === 0) return [];
    const keys = [
      ...names.map((name) => `${keyPrefix}:host:${name}`),
      ...names.map((name) => `${keyPrefix}:live:${name}`),
    ];
    const values = await answered(this.redis.prompt.mget(...keys), promptTimeoutMs);
    return names.flatMap((host, index) => {
      const containers = values[index];
      if (typeof containers !== 'string') return [];
      const announcement = Number(values[index + names.length] ?? 0);
      return [
        { host, isLive: announcement > 0, announcement, containers: JSON.parse(containers) as Record<string, string> },
      ];
    });
  }
}
