import { Inject, Injectable, Logger } from '@nestjs/common';
import { once } from 'node:events';
import { hasPlace } from '../common/fair-share.js';
import { settings, type Settings } from '../config/settings.js';
import type { Deployment, DeploymentRetry } from '../deployments/deployment.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { addPermission } from './permissions.js';
import { isBehindOtherKind } from './taking.js';
import { givenUpFor, maxWaitingPerCaller, othersThan } from './shares.js';
import { endByNewer } from './superseded.js';
import { Overtaken, QueueFull, QueueService, type Enqueued, type Job, type Wishes } from './queue.service.js';

/**
 * One that waits. It takes its place before its record is stored, so that no request that comes meanwhile can pass the
 * bound or miss what it should join; whoever takes it waits for the record.
 */
interface Waiting extends Omit<Job, 'deploymentId'>, Claims {
  /** Milliseconds of `performance.now`, which no setting of the clock changes; 0 for one that has not been tried. */
  notBefore: number;
  /** Whether later requests for the same may join it: not once it was overtaken. */
  isJoinable: boolean;
  record: Promise<Deployment>;
}

/** What is known of those who asked for a deployment. */
interface Claims {
  /** Their accounts; the first one has the place. */
  askedBy: readonly string[];
  /** Whether one of them may have a waiting deployment of the other kind ended. */
  maySupersede: boolean;
}

/** The longest time that a timer takes; with a longer one it is over at once. */
const maxTimerMs = 2 ** 31 - 1;

/** A queue in the memory of this process: what waits is lost when it ends. */
@Injectable()
export class MemoryQueueService extends QueueService {
  override readonly isDurable = false;
  private readonly logger = new Logger('Queue');
  /** Those of each container in the order of arrival; the containers in the order of their turns. */
  private readonly waiting = new Map<string, readonly Waiting[]>();
  private total = 0;
  /** How many places each account has. */
  private readonly places = new Map<string, number>();
  /** Of those that were taken, for the case that they come back. */
  private readonly claims = new WeakMap<Job, Claims>();
  private readonly arrivals = new EventTarget();

  constructor(
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'queueSize'>,
    private readonly deployments: DeploymentsService,
  ) {
    super();
  }

  async add(
    container: string,
    requestedBy: string,
    {
      digest,
      mayUpdate = [container],
      kind = 'notify',
      target,
      retry,
      startStopped,
      account = requestedBy,
      isLimited = false,
      maySupersede = true,
    }: Wishes = {},
  ): Promise<Enqueued> {
    const asked = { container, kind, target, digest, retry, startStopped };
    const present = this.findJoinable(asked);
    if (present) {
      this.moveBehindOtherKindOf(present);
      const position = this.positionOf(present);
      present.permissions = addPermission(present.permissions, mayUpdate);
      if (!present.askedBy.includes(account)) this.claim(present, [...present.askedBy, account]);
      present.maySupersede ||= maySupersede;
      const { id } = await present.record;
      return { deployment: await this.deployments.coalesce(id, requestedBy), position, coalesced: true };
    }
    const superseded = this.makeRoom(container, { kind, account }, isLimited);
    const claims = { askedBy: [account], maySupersede };
    const accepted = this.enter({ ...asked, permissions: [mayUpdate], ...claims }, 0, () =>
      this.deployments.accept(container, requestedBy, { kind, target, retry, expectedDigest: digest, startStopped }),
    );
    const position = this.positionOf(this.of(container).at(-1));
    const deployment = await accepted;
    if (maySupersede) this.overtake(deployment);
    await this.supersede(superseded, deployment);
    return { deployment, position, coalesced: false };
  }

  async requeue(job: Job, retry: DeploymentRetry): Promise<void> {
    const { deploymentId, ...rest } = job;
    const { askedBy, maySupersede } = this.claims.get(job) ?? { askedBy: [], maySupersede: true };
    // There is one worker: whatever was asked for since this one was taken waits still.
    const since = this.of(job.container);
    const later = since.findLast((entry) => entry.kind !== job.kind && entry.maySupersede);
    if (later) throw new Overtaken((await later.record).id);
    const newest = since.findLast(({ kind }) => kind === job.kind);
    const left = askedBy.filter((account) => ownOf(since, job.kind, account) < maxWaitingPerCaller);
    if (newest && askedBy.length > 0 && left.length === 0) throw new Overtaken((await newest.record).id, 'newer');
    if (this.total >= this.settings.queueSize) throw this.full();
    await this.enter({ ...rest, askedBy: left, maySupersede }, steadyTimeOf(retry.notBefore), () =>
      this.deployments.postpone(deploymentId, retry),
    );
  }

  async take(signal: AbortSignal): Promise<Job | undefined> {
    while (!signal.aborted) {
      const now = performance.now();
      let nextMs = Infinity;
      for (const siblings of this.waiting.values()) {
        const entry = siblings.find((each) => each.notBefore <= now && !waitsForOtherKind(siblings, each));
        if (entry) return this.takeOut(entry);
        for (const { notBefore } of siblings) if (notBefore > now) nextMs = Math.min(nextMs, notBefore - now);
      }
      // No arrival is lost: nothing is awaited between the look above and the listening below.
      await this.arrival(nextMs, signal);
    }
    return undefined;
  }

  done(): Promise<void> {
    return Promise.resolve();
  }

  async remove(deploymentId: string): Promise<boolean> {
    for (const entry of this.inOrder()) {
      if ((await entry.record).id !== deploymentId || !this.of(entry.container).includes(entry)) continue;
      this.leave(entry);
      this.arrivals.dispatchEvent(new Event('arrival'));
      return true;
    }
    return false;
  }

  async order(): Promise<string[]> {
    return Promise.all(this.inOrder().map(async ({ record }) => (await record).id));
  }

  clear(): Promise<Job[]> {
    return Promise.all(this.inOrder().map((entry) => this.takeOut(entry)));
  }

  size(): Promise<number> {
    return Promise.resolve(this.total);
  }

  /** Takes out what a request for one more supersedes. @throws QueueFull where there is no place all the same: then nothing is superseded */
  private makeRoom(
    container: string,
    claim: { kind: Waiting['kind']; account: string },
    isLimited: boolean,
  ): readonly Waiting[] {
    const { queueSize: size } = this.settings;
    const places = this.places.get(claim.account) ?? 0;
    const isFull = !hasPlace({ total: this.total, own: places, size }, isLimited);
    const given = givenUpFor(this.of(container), claim, isFull);
    const superseded = given.filter((entry) => othersThan(claim.account, entry).length === 0);
    const total = this.total - superseded.length;
    const own = places - superseded.length;
    if (!hasPlace({ total, own, size }, isLimited)) throw this.full(total < size ? own : undefined);
    for (const entry of given) {
      if (superseded.includes(entry)) this.leave(entry);
      else this.claim(entry, othersThan(claim.account, entry));
    }
    return superseded;
  }

  private async supersede(entries: readonly Waiting[], winner: Deployment): Promise<void> {
    for (const { container, record } of entries) {
      const { id } = await record;
      await this.deployments.finish(id, endByNewer({ container }, winner));
      this.logger.log(`${container}: superseded by a newer request of the same caller`, {
        deploymentId: id,
        container,
        supersededBy: winner.id,
      });
    }
  }

  /** Those that wait to be tried again would come after what was asked for later. */
  private overtake({ id, container, kind }: Deployment): void {
    for (const entry of this.of(container)) {
      if (entry.notBefore === 0 || entry.kind === kind) continue;
      entry.overtakenBy = id;
      entry.notBefore = 0;
      entry.isJoinable = false;
    }
  }

  /** What a request for the same joins: the last that came. */
  private findJoinable({ container, kind, target, digest, retry, startStopped }: Joining): Waiting | undefined {
    return this.of(container).findLast(
      (entry) =>
        entry.isJoinable &&
        entry.kind === kind &&
        entry.target === target &&
        entry.digest === digest &&
        entry.retry === retry &&
        entry.startStopped === startStopped,
    );
  }

  private of(container: string): readonly Waiting[] {
    return this.waiting.get(container) ?? [];
  }

  /** All that wait, the next one first: one of each container, then a second one of each that has more … */
  private inOrder(): Waiting[] {
    const all = [...this.waiting.values()];
    const rounds = Math.max(0, ...all.map(({ length }) => length));
    return Array.from({ length: rounds }, (_, round) => all.flatMap((siblings) => siblings[round] ?? [])).flat();
  }

  /** Its place in that order, 1 for the next. */
  private positionOf(entry: Waiting | undefined): number {
    if (!entry) return 0;
    const round = this.of(entry.container).indexOf(entry);
    let position = 1;
    let isBefore = true;
    for (const [container, { length }] of this.waiting) {
      if (container === entry.container) isBefore = false;
      position += container === entry.container ? round : Math.min(length, isBefore ? round + 1 : round);
    }
    return position;
  }

  private moveBehindOtherKindOf(waiting: Waiting): void {
    const siblings = this.of(waiting.container);
    if (isBehindOtherKind(siblings, siblings.indexOf(waiting))) return;
    this.waiting.set(waiting.container, [...siblings.filter((other) => other !== waiting), waiting]);
  }

  /** Takes a place at once, and answers when the record is stored; without a record there is no place. */
  private async enter(
    job: Omit<Job, 'deploymentId'> & Claims,
    notBefore: number,
    store: () => Promise<Deployment>,
  ): Promise<Deployment> {
    const entry: Waiting = { ...job, notBefore, isJoinable: true, record: store() };
    this.append(entry);
    try {
      return await entry.record;
    } catch (error) {
      this.leave(entry);
      throw error;
    } finally {
      this.arrivals.dispatchEvent(new Event('arrival'));
    }
  }

  /** Its container has had its turn. */
  private async takeOut(entry: Waiting): Promise<Job> {
    this.leave(entry);
    const others = this.of(entry.container);
    if (others.length > 0) {
      this.waiting.delete(entry.container);
      this.waiting.set(entry.container, others);
    }
    const { notBefore: _, isJoinable: __, record, askedBy, maySupersede, ...rest } = entry;
    const job = { ...rest, deploymentId: (await record).id };
    this.claims.set(job, { askedBy, maySupersede });
    return job;
  }

  /** Behind all of its container, save those that were asked for after it and may not end it: they wait for it. */
  private append(entry: Waiting): void {
    const siblings = this.of(entry.container);
    const after = entry.notBefore === 0 ? -1 : siblings.findIndex(({ kind }) => kind !== entry.kind);
    const at = after < 0 ? siblings.length : after;
    this.waiting.set(entry.container, [...siblings.slice(0, at), entry, ...siblings.slice(at)]);
    this.total++;
    this.count(entry, 1);
  }

  private leave(entry: Waiting): void {
    const siblings = this.of(entry.container);
    if (!siblings.includes(entry)) return;
    const others = siblings.filter((other) => other !== entry);
    if (others.length > 0) this.waiting.set(entry.container, others);
    else this.waiting.delete(entry.container);
    this.total--;
    this.count(entry, -1);
  }

  private claim(entry: Waiting, askedBy: readonly string[]): void {
    this.count(entry, -1);
    entry.askedBy = askedBy;
    this.count(entry, 1);
  }

  private count({ askedBy: [account] }: Waiting, change: 1 | -1): void {
    if (account === undefined) return;
    const places = (this.places.get(account) ?? 0) + change;
    if (places > 0) this.places.set(account, places);
    else this.places.delete(account);
  }

  private full(own?: number): QueueFull {
    const { queueSize } = this.settings;
    return new QueueFull(
      own === undefined
        ? `${this.total} deployments are waiting`
        : `${own} of its ${queueSize} places are this caller's, and no more are free for all others`,
    );
  }

  /** The next arrival, or the time of one that waits for it; a timer is there only while something waits. */
  private async arrival(nextMs: number, signal: AbortSignal): Promise<void> {
    const alarm =
      nextMs === Infinity
        ? undefined
        : setTimeout(() => this.arrivals.dispatchEvent(new Event('arrival')), Math.min(nextMs, maxTimerMs));
    await once(this.arrivals, 'arrival', { signal }).catch(() => undefined);
    clearTimeout(alarm);
  }
}

/** @param time ISO 8601, seen from now; the queue measures the wait until then by a clock that never jumps */
function steadyTimeOf(time: string): number {
  return performance.now() + Math.max(0, Date.parse(time) - Date.now());
}

/** Whether one of the other kind that was asked for before waits to be tried again: what was asked for last comes last. */
function waitsForOtherKind(siblings: readonly Waiting[], entry: Waiting): boolean {
  const before = siblings.slice(0, siblings.indexOf(entry));
  return before.some(({ kind, overtakenBy }) => kind !== entry.kind && overtakenBy === undefined);
}

function ownOf(siblings: readonly Waiting[], kind: Waiting['kind'], account: string): number {
  return siblings.filter((entry) => entry.kind === kind && entry.askedBy.includes(account)).length;
}

type Joining = Pick<Waiting, 'container' | 'kind' | 'target' | 'digest' | 'retry' | 'startStopped'>;
