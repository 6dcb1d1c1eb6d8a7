import { Inject, Injectable, Logger } from '@nestjs/common';
import { once } from 'node:events';
import { hasPlace } from '../common/fair-share.js';
import { settings, type Settings } from '../config/settings.js';
import type { Deployment, DeploymentRetry } from '../deployments/deployment.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { addPermission } from './permissions.js';
import { givenUpFor, othersThan } from './shares.js';
import { endByNewer } from './superseded.js';
import { Overtaken, QueueFull, QueueService, type Enqueued, type Job, type Wishes } from './queue.service.js';
import {
  afterTurn,
  behindOtherKind,
  enter,
  inTurns,
  mayWaitAgain,
  msUntilNext,
  nextOf,
  withLine,
  type Lines,
  type Waiter,
} from './waiting-lines.js';

/**
 * One that waits. It takes its place before its record is stored, so that no request that comes meanwhile can pass the
 * bound or miss what it should join; whoever takes it waits for the record.
 */
interface Waiting extends Omit<Job, 'deploymentId' | 'overtakenBy'>, Waiter {
  /** Whether later requests for the same may join it: not once it was overtaken. */
  isJoinable: boolean;
  record: Promise<Deployment>;
}

type Joining = Pick<Waiting, 'container' | 'kind' | 'target' | 'digest' | 'retry' | 'startStopped'>;

/** The longest time that a timer takes; with a longer one it is over at once. */
const maxTimerMs = 2 ** 31 - 1;

/** A queue in the memory of this process: what waits is lost when it ends. */
@Injectable()
export class MemoryQueueService extends QueueService {
  override readonly isDurable = false;
  private readonly logger = new Logger('Queue');
  private lines: Lines<Waiting> = new Map();
  /** Who asked for those that were taken, for the case that they come back. */
  private readonly claims = new WeakMap<Job, Pick<Waiter, 'askedBy' | 'maySupersede'>>();
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
      this.setLine(container, behindOtherKind(this.lineOf(container), present));
      const position = this.positionOf(present);
      present.permissions = addPermission(present.permissions, mayUpdate);
      if (!present.askedBy.includes(account)) present.askedBy = [...present.askedBy, account];
      present.maySupersede ||= maySupersede;
      const { id } = await present.record;
      return { deployment: await this.deployments.coalesce(id, requestedBy), position, coalesced: true };
    }
    const superseded = this.makeRoom(container, { kind, account }, isLimited);
    const claims = { askedBy: [account], maySupersede };
    const accepted = this.enter({ ...asked, permissions: [mayUpdate], ...claims }, 0, () =>
      this.deployments.accept(container, requestedBy, { kind, target, retry, expectedDigest: digest, startStopped }),
    );
    const position = this.positionOf(this.lineOf(container).at(-1));
    const deployment = await accepted;
    if (maySupersede) this.overtake(deployment);
    await this.supersede(superseded, deployment);
    return { deployment, position, coalesced: false };
  }

  async requeue(job: Job, retry: DeploymentRetry): Promise<void> {
    const { deploymentId, ...rest } = job;
    const { askedBy, maySupersede } = this.claims.get(job) ?? { askedBy: [], maySupersede: true };
    // There is one worker: whatever was asked for since this one was taken waits still.
    const allowed = mayWaitAgain(this.lineOf(job.container), { kind: job.kind, askedBy });
    if ('supersededBy' in allowed) throw new Overtaken((await allowed.supersededBy.record).id, allowed.reason);
    if (this.total >= this.settings.queueSize) throw this.full();
    await this.enter({ ...rest, ...allowed, maySupersede }, steadyTimeOf(retry.notBefore), () =>
      this.deployments.postpone(deploymentId, retry),
    );
  }

  async take(signal: AbortSignal): Promise<Job | undefined> {
    while (!signal.aborted) {
      const now = performance.now();
      const next = nextOf(this.lines, now);
      if (next) return this.takeOut(next);
      // No arrival is lost: nothing is awaited between the look above and the listening below.
      await this.arrival(msUntilNext(this.lines, now), signal);
    }
    return undefined;
  }

  done(): Promise<void> {
    return Promise.resolve();
  }

  async remove(deploymentId: string): Promise<boolean> {
    for (const entry of inTurns(this.lines)) {
      if ((await entry.record).id !== deploymentId || !this.lineOf(entry.container).includes(entry)) continue;
      this.leave(entry);
      this.arrivals.dispatchEvent(new Event('arrival'));
      return true;
    }
    return false;
  }

  async order(): Promise<string[]> {
    return Promise.all(inTurns(this.lines).map(async ({ record }) => (await record).id));
  }

  clear(): Promise<Job[]> {
    return Promise.all(inTurns(this.lines).map((entry) => this.takeOut(entry)));
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
    const places = inTurns(this.lines).filter(({ askedBy: [owner] }) => owner === claim.account).length;
    const isFull = !hasPlace({ total: this.total, own: places, size }, isLimited);
    const given = givenUpFor(this.lineOf(container), claim, isFull);
    const superseded = given.filter((entry) => othersThan(claim.account, entry).length === 0);
    const total = this.total - superseded.length;
    const own = places - superseded.length;
    if (!hasPlace({ total, own, size }, isLimited)) throw this.full(total < size ? own : undefined);
    for (const entry of given) {
      if (superseded.includes(entry)) this.leave(entry);
      else entry.askedBy = othersThan(claim.account, entry);
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
    for (const entry of this.lineOf(container)) {
      if (entry.notBefore === 0 || entry.kind === kind) continue;
      entry.overtakenBy = id;
      entry.notBefore = 0;
      entry.isJoinable = false;
    }
  }

  /** What a request for the same joins: the last that came. */
  private findJoinable({ container, kind, target, digest, retry, startStopped }: Joining): Waiting | undefined {
    return this.lineOf(container).findLast(
      (entry) =>
        entry.isJoinable &&
        entry.kind === kind &&
        entry.target === target &&
        entry.digest === digest &&
        entry.retry === retry &&
        entry.startStopped === startStopped,
    );
  }

  private lineOf(container: string): readonly Waiting[] {
    return this.lines.get(container) ?? [];
  }

  private setLine(container: string, line: readonly Waiting[]): void {
    this.lines = withLine(this.lines, container, line);
  }

  private get total(): number {
    return [...this.lines.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Its place among all, 1 for the next. */
  private positionOf(entry: Waiting | undefined): number {
    return entry ? inTurns(this.lines).indexOf(entry) + 1 : 0;
  }

  /** Takes a place at once, and answers when the record is stored; without a record there is no place. */
  private async enter(
    job: Omit<Waiting, 'notBefore' | 'isJoinable' | 'record'>,
    notBefore: number,
    store: () => Promise<Deployment>,
  ): Promise<Deployment> {
    const entry: Waiting = { ...job, notBefore, isJoinable: true, record: store() };
    this.setLine(entry.container, enter(this.lineOf(entry.container), entry));
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
    this.lines = afterTurn(this.lines, entry.container);
    const { notBefore: _, isJoinable: __, record, askedBy, maySupersede, ...rest } = entry;
    const job = { ...rest, deploymentId: (await record).id };
    this.claims.set(job, { askedBy, maySupersede });
    return job;
  }

  private leave(entry: Waiting): void {
    const { container } = entry;
    this.setLine(
      container,
      this.lineOf(container).filter((other) => other !== entry),
    );
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
