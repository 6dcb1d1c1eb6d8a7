import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { settings, type Settings } from '../../config/settings.js';
import { keyPrefix, promptTimeoutMs, RedisConnections } from '../../redis/redis-connections.js';
import { answered, refused, RedisUnavailable } from '../../redis/redis-unavailable.js';
import { isFinished, type Deployment } from '../deployment.js';
import { DeploymentStore, unbegunKept } from '../deployment-store.js';
import { eventsChannel } from './redis.deployment-events.js';
import {
  acceptScript,
  addPartScript,
  changeScript,
  forgetJoinableScript,
  moveBehindScript,
  probeScript,
  recordKeys,
} from './redis.deployment-scripts.js';
import { RecordLease } from './record-lease.js';
import { storedDeploymentSchema, type StoredDeployment } from './stored-deployment.js';

export type { StoredDeployment } from './stored-deployment.js';

/** What became of a request, all that wait for its container then, and how many places its account has. */
export type Acceptance = { waiting: { kind: string; id: string }[]; own: number } & (
  { outcome: 'accepted'; position: number } | { outcome: 'joins'; id: string } | { outcome: 'full'; count: number }
);

/** A deployment cannot go back to the queue: there is no room, or one of the other kind waits. */
export class CannotWait extends Error {
  override readonly name = 'CannotWait';

  constructor(
    readonly reason: 'full' | 'overtaken',
    /** How many wait, or the id of the other one. */
    readonly detail: string,
  ) {
    super(`it cannot wait again: ${reason} (${detail})`);
  }
}

type Change = (present: StoredDeployment) => StoredDeployment | undefined | Promise<StoredDeployment | undefined>;

/** How long Redis is given after it has refused to store what this process did. */
const retryMs = 2000;

type StoreSettings = Pick<Settings, 'deploymentsKept' | 'queueSize'>;

/** Remembers deployments in Redis. Every change is one script, and is repeated where another process was faster. */
@Injectable()
export class RedisDeploymentStore extends DeploymentStore {
  private readonly logger = new Logger('Deployments');
  /** Of those that this process works on. */
  private readonly leases = new Map<string, RecordLease>();
  /** The last change of each record that this process is changing. */
  private readonly changing = new Map<string, Promise<unknown>>();

  constructor(
    private readonly redis: RedisConnections,
    @Inject(settings.KEY) private readonly settings: StoreSettings,
  ) {
    super();
  }

  /**
   * Enters a request, unless one waits that it can join, or there is no room.
   * @param isLimited whether its account must leave as many places free as it has
   * @param leaving how many of its account leave for it
   * @throws RedisUnavailable
   */
  async accept(
    stored: StoredDeployment,
    { by = joinsBy(stored), size = this.settings.queueSize, isLimited = false, leaving = 0 } = {},
  ): Promise<Acceptance> {
    const { id, kind, container } = stored.deployment;
    const limit = isLimited ? 'limited' : '';
    const args = [id, JSON.stringify(stored), kind, by, size, ownerOf(stored), limit, leaving];
    const [outcome, detail, members, own] = (await answered(
      this.redis.run(this.redis.prompt, acceptScript, keysOf(container), args),
      promptTimeoutMs,
    )) as [string, string | number, string[], number];
    const waiting = members.map(parseMember);
    if (outcome === 'joins') return { outcome, id: String(detail), waiting, own };
    if (outcome === 'full') return { outcome, count: Number(detail), waiting, own };
    return { outcome: 'accepted', position: Number(detail), waiting, own };
  }

  async add(deployment: Deployment): Promise<void> {
    await this.accept({ deployment, permissions: [] }, { by: deployment.id, size: Number.MAX_SAFE_INTEGER });
  }

  /**
   * From now on this process alone changes the record, by `update`, until the lease is over.
   * @param stored the record as this process has just stored it
   */
  lease(stored: StoredDeployment): RecordLease {
    for (const [id, { isOver }] of this.leases) if (isOver) this.leases.delete(id);
    const { id } = stored.deployment;
    const lease = new RecordLease(stored, (before, after) => this.replaceOnceTaken(id, before, after));
    this.leases.set(id, lease);
    return lease;
  }

  async update<Changed extends Deployment>(id: string, change: (present: Deployment) => Changed): Promise<Changed> {
    const lease = this.leaseOf(id);
    if (lease) return lease.update(change);
    let changed: Changed | undefined;
    await this.change(id, ({ taken: _, ...present }) => ({
      ...present,
      deployment: (changed = change(present.deployment)),
    }));
    if (!changed) throw new Error(`there is no unfinished deployment ${id}`);
    return changed;
  }

  /**
   * Replaces what is stored of an unfinished deployment by what `change` makes of it, as one step. Waits for Redis while it is away, and for
   * other changes of the same one by this process: they would only be in each other's way.
   * @param change answers undefined where nothing is to be changed; called again where another process was faster
   * @returns what is stored now; undefined where nothing was changed
   * @throws CannotWait
   */
  async change(id: string, change: Change): Promise<StoredDeployment | undefined> {
    const changed = (this.changing.get(id) ?? Promise.resolve()).then(
      () => this.changeNow(id, change),
      () => this.changeNow(id, change),
    );
    this.changing.set(id, changed);
    try {
      return await changed;
    } finally {
      if (this.changing.get(id) === changed) this.changing.delete(id);
    }
  }

  async find(id: string): Promise<Deployment | undefined> {
    return (await this.findStored(id))?.deployment;
  }

  /** @throws RedisUnavailable */
  async findStored(id: string): Promise<StoredDeployment | undefined> {
    const text = await answered(this.redis.prompt.hget(key('deployments'), id), promptTimeoutMs);
    return text === null ? undefined : this.parse(id, text);
  }

  /** Reads them in pages, so that the newest few of many are cheap. @throws RedisUnavailable */
  async newest(limit: number, isWanted: (deployment: Deployment) => boolean): Promise<Deployment[]> {
    const found: Deployment[] = [];
    const page = 200;
    for (let start = 0; found.length < limit; start += page) {
      const ids = await answered(
        this.redis.prompt.zrevrange(key('accepted'), start, start + page - 1),
        promptTimeoutMs,
      );
      if (ids.length === 0) break;
      const deployments = (await this.many(ids)).map(({ deployment }) => deployment);
      found.push(...deployments.filter(isWanted));
    }
    return found.slice(0, limit);
  }

  /** The ids of those that wait, in their order. @throws RedisUnavailable */
  waiting(): Promise<string[]> {
    return answered(this.redis.prompt.zrange(key('waiting'), '0', '-1'), promptTimeoutMs);
  }

  /** By which deployments follow each other in the order in which they were accepted; 0 if it is not listed. @throws RedisUnavailable */
  async placeOf(id: string): Promise<number> {
    return Number((await answered(this.redis.prompt.zscore(key('accepted'), id), promptTimeoutMs)) ?? 0);
  }

  /** How many wait. @throws RedisUnavailable */
  countWaiting(): Promise<number> {
    return answered(this.redis.prompt.zcard(key('waiting')), promptTimeoutMs);
  }

  /** All that have not ended, those that were accepted first first. @throws RedisUnavailable */
  async unfinished(): Promise<StoredDeployment[]> {
    const running = await answered(this.redis.prompt.zrange(key('running'), '0', '-1'), promptTimeoutMs);
    return this.many([...running, ...(await this.waiting())]);
  }

  /** Puts one that waits behind all others; answers its new place, 1 is next. @throws RedisUnavailable */
  async moveBehind({ id, kind, container }: Deployment): Promise<number> {
    const keys = ['waiting', 'sequence', `waiting:${container}`];
    const rank = this.redis.run(this.redis.prompt, moveBehindScript, keys, [id, kind]);
    return Number((await answered(rank, promptTimeoutMs)) ?? 0) + 1;
  }

  /** Begins the part of a host, unless somebody has. @throws RedisUnavailable */
  async addPart(part: StoredDeployment): Promise<boolean> {
    const args = [part.deployment.id, JSON.stringify(part)];
    const keys = ['deployments', 'running', 'sequence'];
    return (await answered(this.redis.run(this.redis.prompt, addPartScript, keys, args), promptTimeoutMs)) === 1;
  }

  /** The ids of those of a container that wait, in their order. @throws RedisUnavailable */
  async waitingOf(container: string): Promise<string[]> {
    const members = this.redis.prompt.zrange(`${keyPrefix}:waiting:${container}`, '0', '-1');
    return (await answered(members, promptTimeoutMs)).map((member) => parseMember(member).id);
  }

  /** Tells of it before the next change is written: those who listen hear in the order in which things happened. */
  override async onceWritten(id: string, tell: () => Promise<unknown>): Promise<void> {
    const lease = this.leaseOf(id);
    await (lease ? lease.onceWritten(tell) : tell());
  }

  /** Nobody joins a deployment any more whose record cannot be read: whoever tried would be refused for ever. @throws RedisUnavailable */
  async forgetUnreadable(id: string, request: StoredDeployment): Promise<void> {
    if (await this.findStored(id)) return;
    const forgetting = this.redis.run(this.redis.prompt, forgetJoinableScript, ['joinable'], [joinsBy(request), id]);
    await answered(forgetting, promptTimeoutMs);
  }

  /** @throws RedisUnavailable where deployments cannot be written now: Redis is away, full, read-only, or a key holds something else */
  async probe(): Promise<void> {
    const probing = this.redis.run(this.redis.prompt, probeScript, [...recordKeys], []);
    const wrong = await answered(probing, promptTimeoutMs);
    if (wrong !== '') throw new RedisUnavailable(new Error(`WRONGTYPE the key ${String(wrong)} holds something else`));
  }

  /** Those that are there, in the order of the ids. @throws RedisUnavailable */
  async many(ids: string[]): Promise<StoredDeployment[]> {
    if (ids.length === 0) return [];
    const texts = await answered(this.redis.prompt.hmget(key('deployments'), ...ids), promptTimeoutMs);
    return texts.flatMap((text, index) => (text === null ? [] : (this.parse(ids[index] ?? '', text) ?? [])));
  }

  private async changeNow(id: string, change: Change): Promise<StoredDeployment | undefined> {
    for (;;) {
      const before = await refused(this.redis.patient.hget(key('deployments'), id));
      const present = before === null ? undefined : this.parse(id, before);
      const changed = present && !isFinished(present.deployment) ? await change(present) : undefined;
      if (before === null || !changed) return undefined;
      if (await this.replace(id, before, changed)) return changed;
    }
  }

  /** Undefined where it cannot be read: as good as not there. */
  private parse(id: string, text: string): StoredDeployment | undefined {
    const { stored } = this.redis;
    const found = stored.parse('record', id, text, storedDeploymentSchema);
    if (!found || found.deployment.id === id) return found;
    stored.skip('record', id, 'it is the record of another deployment');
    return undefined;
  }

  private leaseOf(id: string): RecordLease | undefined {
    const lease = this.leases.get(id);
    return lease?.isOver ? undefined : lease;
  }

  /** What this process did is not lost because Redis is full, or refuses to write for another reason: it is tried until it is taken. */
  private async replaceOnceTaken(id: string, before: string, changed: StoredDeployment): Promise<boolean> {
    let isTold = false;
    for (;;) {
      try {
        return await this.replace(id, before, changed);
      } catch (error) {
        if (!(error instanceof RedisUnavailable) || this.redis.patient.status === 'end') throw error;
        if (!isTold) this.logger.error(`deployment ${id} cannot be recorded yet; tried until it is: ${error.message}`);
        isTold = true;
        await setTimeout(retryMs, undefined, { ref: false });
      }
    }
  }

  /** Whether it was still as it was before, and is replaced. @throws CannotWait, RedisUnavailable where Redis refuses it */
  private async replace(id: string, before: string, changed: StoredDeployment): Promise<boolean> {
    const { deployment } = changed;
    const after = JSON.stringify(changed);
    const message = { origin: this.redis.origin, event: { type: 'finished', deployment } };
    const args = [
      id,
      before,
      after,
      deployment.kind,
      joinsBy(changed),
      whereabouts(changed),
      keepsItsPlace(deployment) ? 0 : this.settings.queueSize,
      this.settings.deploymentsKept,
      eventsChannel,
      isFinished(deployment) ? JSON.stringify(message) : '',
      deployment.partOf === undefined ? '' : 'part',
      ownerOf(changed),
      deployment.startedAt === undefined ? 'unbegun' : '',
      unbegunKept(this.settings.deploymentsKept),
    ];
    const replacing = this.redis.run(this.redis.patient, changeScript, keysOf(deployment.container), args);
    const [answer, detail] = (await refused(replacing)) as [string, string];
    if (answer === 'full' || answer === 'overtaken') throw new CannotWait(answer, detail);
    // A connection that was lost may have carried it out already.
    return answer === 'done' || (await refused(this.redis.patient.hget(key('deployments'), id))) === after;
  }
}

function whereabouts({ deployment, taken, withdrawn, overtakenBy }: StoredDeployment): string {
  if (isFinished(deployment)) return 'finished';
  if (deployment.status === 'running' || taken || deployment.partOf !== undefined) return 'running';
  return withdrawn || overtakenBy !== undefined ? 'leaving' : 'waiting';
}

/** Whose place it has while it waits: that of the first who asked for it. */
function ownerOf({ askedBy: [account = ''] = [] }: StoredDeployment): string {
  return account;
}

/** One that was interrupted was not tried in vain: it comes back to where it was. */
function keepsItsPlace({ retries }: Deployment): boolean {
  return retries?.at(-1)?.code === 'interrupted';
}

/** Requests with the same one are joined while they wait. */
function joinsBy({ deployment, host = '' }: StoredDeployment): string {
  const { kind, container, target, retry, expectedDigest, startStopped } = deployment;
  const wishes = [...(retry ? ['retry'] : []), ...(startStopped ? ['start'] : [])];
  return [kind, container, target, expectedDigest, host, ...wishes].join(' ');
}

function key(name: (typeof recordKeys)[number]): string {
  return `${keyPrefix}:${name}`;
}

function keysOf(container: string): string[] {
  return [...recordKeys, `waiting:${container}`];
}

function parseMember(member: string): { kind: string; id: string } {
  const [kind = '', id = ''] = member.split(' ');
  return { kind, id };
}
