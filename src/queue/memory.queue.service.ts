import { Inject, Injectable } from '@nestjs/common';
import { once } from 'node:events';
import { settings, type Settings } from '../config/settings.js';
import type { Deployment, DeploymentRetry } from '../deployments/deployment.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { addPermission } from './permissions.js';
import { isBehindOtherKind } from './taking.js';
import { Overtaken, QueueFull, QueueService, type Enqueued, type Job, type Wishes } from './queue.service.js';

/**
 * One that waits. It takes its place before its record is stored, so that no request that comes meanwhile can pass the
 * bound or miss what it should join; whoever takes it waits for the record.
 */
interface Waiting extends Omit<Job, 'deploymentId'> {
  /** Epoch milliseconds; 0 for one that has not been tried. */
  notBefore: number;
  /** Whether later requests for the same may join it: not once it was overtaken. */
  isJoinable: boolean;
  record: Promise<Deployment>;
}

/** A queue in the memory of this process: what waits is lost when it ends. */
@Injectable()
export class MemoryQueueService extends QueueService {
  override readonly isDurable = false;
  /** In the order of arrival. */
  private readonly waiting = new Set<Waiting>();
  /** Those of each container, in the same order: under load a request must not have to look through all. */
  private readonly ofContainer = new Map<string, readonly Waiting[]>();
  /** The place of each, 1 for the next; counted when it is asked for, and anew when the order has changed. */
  private places: Map<Waiting, number> | undefined;
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
    { digest, mayUpdate = [container], kind = 'notify', target, retry, startStopped }: Wishes = {},
  ): Promise<Enqueued> {
    const asked = { container, kind, target, digest, retry, startStopped };
    const present = this.findJoinable(asked);
    if (present) {
      this.moveBehindOtherKindOf(present);
      const position = this.positionOf(present);
      present.permissions = addPermission(present.permissions, mayUpdate);
      const { id } = await present.record;
      return { deployment: await this.deployments.coalesce(id, requestedBy), position, coalesced: true };
    }
    const accepted = this.enter({ ...asked, permissions: [mayUpdate] }, 0, () =>
      this.deployments.accept(container, requestedBy, { kind, target, retry, expectedDigest: digest, startStopped }),
    );
    const position = this.waiting.size;
    const deployment = await accepted;
    this.overtake(deployment);
    return { deployment, position, coalesced: false };
  }

  async requeue({ deploymentId, ...job }: Job, retry: DeploymentRetry): Promise<void> {
    // There is one worker: whatever was asked for since this one was taken waits still.
    const later = this.of(job.container).findLast(({ kind }) => kind !== job.kind);
    if (later) throw new Overtaken((await later.record).id);
    await this.enter(job, Date.parse(retry.notBefore), () => this.deployments.postpone(deploymentId, retry));
  }

  async take(signal: AbortSignal): Promise<Job | undefined> {
    while (!signal.aborted) {
      const now = Date.now();
      let nextMs = Infinity;
      for (const entry of this.waiting) {
        if (entry.notBefore <= now) return this.takeOut(entry);
        nextMs = Math.min(nextMs, entry.notBefore - now);
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
    for (const entry of this.waiting) {
      if ((await entry.record).id !== deploymentId || !this.waiting.has(entry)) continue;
      this.leave(entry);
      return true;
    }
    return false;
  }

  async order(): Promise<string[]> {
    return Promise.all([...this.waiting].map(async ({ record }) => (await record).id));
  }

  clear(): Promise<Job[]> {
    return Promise.all([...this.waiting].map((entry) => this.takeOut(entry)));
  }

  size(): Promise<number> {
    return Promise.resolve(this.waiting.size);
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
    return this.ofContainer.get(container) ?? [];
  }

  private positionOf(waiting: Waiting): number {
    this.places ??= new Map([...this.waiting].map((entry, index) => [entry, index + 1]));
    return this.places.get(waiting) ?? 0;
  }

  private moveBehindOtherKindOf(waiting: Waiting): void {
    const siblings = this.of(waiting.container);
    if (isBehindOtherKind(siblings, siblings.indexOf(waiting))) return;
    this.leave(waiting);
    this.append(waiting);
  }

  /** Takes a place at the end at once, and answers when the record is stored; without a record there is no place. */
  private async enter(
    job: Omit<Job, 'deploymentId'>,
    notBefore: number,
    store: () => Promise<Deployment>,
  ): Promise<Deployment> {
    if (this.waiting.size >= this.settings.queueSize)
      throw new QueueFull(`${this.waiting.size} deployments are waiting`);
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

  private async takeOut(entry: Waiting): Promise<Job> {
    this.leave(entry);
    const { notBefore: _, isJoinable: __, record, ...job } = entry;
    return { ...job, deploymentId: (await record).id };
  }

  private append(entry: Waiting): void {
    this.ofContainer.set(entry.container, [...this.of(entry.container), entry]);
    this.waiting.add(entry);
    this.places?.set(entry, this.waiting.size);
  }

  private leave(entry: Waiting): void {
    const others = this.of(entry.container).filter((other) => other !== entry);
    if (others.length > 0) this.ofContainer.set(entry.container, others);
    else this.ofContainer.delete(entry.container);
    this.waiting.delete(entry);
    this.places = undefined;
  }

  /** The next arrival, or the time of one that waits for it; a timer is there only while something waits. */
  private async arrival(nextMs: number, signal: AbortSignal): Promise<void> {
    const alarm =
      nextMs === Infinity ? undefined : setTimeout(() => this.arrivals.dispatchEvent(new Event('arrival')), nextMs);
    await once(this.arrivals, 'arrival', { signal }).catch(() => undefined);
    clearTimeout(alarm);
  }
}

type Joining = Pick<Waiting, 'container' | 'kind' | 'target' | 'digest' | 'retry' | 'startStopped'>;
