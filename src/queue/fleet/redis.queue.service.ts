import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { settings } from '../../config/settings.js';
import {
  coalesce,
  finish,
  start,
  type Deployment,
  type DeploymentError,
  type DeploymentRetry,
} from '../../deployments/deployment.js';
import { DeploymentEvents } from '../../deployments/deployment-events.js';
import { DeploymentsService } from '../../deployments/deployments.service.js';
import type { RecordLease } from '../../deployments/redis/record-lease.js';
import {
  CannotWait,
  type RedisDeploymentStore,
  type StoredDeployment,
} from '../../deployments/redis/redis.deployment-store.js';
import { promptTimeoutMs, type RedisConnections } from '../../redis/redis-connections.js';
import { answered, RedisUnavailable } from '../../redis/redis-unavailable.js';
import { storedKinds } from '../../redis/stored-values.js';
import type { Addressing } from './addressing.js';
import type { Fleet, FleetSettings } from './fleet.js';
import type { HostDeliveries } from './host-deliveries.js';
import type { HostInbox } from './host-inbox.js';
import type { HostRegistry } from './host-registry.js';
import { addPermission } from '../permissions.js';
import { Overtaken, QueueFull, QueueService, type Enqueued, type Job, type Wishes } from '../queue.service.js';
import type { Rollouts } from './rollouts.js';
import { givenUpFor, maxWaitingPerCaller, othersThan, type Claimed } from '../shares.js';
import { endByNewer } from '../superseded.js';
import { isBehindOtherKind, mayBeJoined, notWanted, take } from '../taking.js';
import type { Targets } from './targets.js';
import { Turns } from '../turns.js';

/** How often it is looked for deployments that were accepted and did not get to their host. */
const sweepMs = 30_000;
/** As often may a deployment be interrupted, by a kill or a power failure, before it is one that kills. */
const mostInterruptions = 5;
/** How soon a part asks again whether it is the turn of its rollout. */
const turnPollMs = 2000;
/** A request meets one that is just being taken, and after it another one … */
const mostTries = 20;

/**
 * A queue in Redis, for several processes: what was accepted outlives all of them. The record is the truth, written by scripts that Redis
 * runs as one step; BullMQ brings its id to the host that is to work on it, once at least.
 */
@Injectable()
export class RedisQueueService extends QueueService implements OnApplicationBootstrap, OnApplicationShutdown {
  override readonly isDurable = true;
  private readonly logger = new Logger('Queue');
  private readonly deliveries: HostDeliveries;
  private readonly registry: HostRegistry;
  private readonly addressing: Addressing;
  private readonly rollouts: Rollouts;
  private readonly inbox: HostInbox | undefined;
  private readonly turns = new Turns();
  /** On the record of the job that was taken last. */
  private lease: RecordLease | undefined;
  private stopFollowing: (() => void) | undefined;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(settings.KEY)
    private readonly settings: FleetSettings,
    private readonly store: RedisDeploymentStore,
    private readonly deployments: DeploymentsService,
    private readonly events: DeploymentEvents,
    { registry, deliveries, addressing, rollouts, inbox }: Fleet,
  ) {
    super();
    this.registry = registry;
    this.deliveries = deliveries;
    this.addressing = addressing;
    this.rollouts = rollouts;
    this.inbox = inbox;
  }

  /** What concerns several hosts is the business of those that accept. */
  onApplicationBootstrap(): void {
    if (this.settings.role === 'agent') return;
    this.stopFollowing = this.rollouts.follow();
    const sweep = (): void => {
      this.sweep().catch((error: unknown) => {
        if (!(error instanceof RedisUnavailable))
          this.logger.error('looking for lost deliveries failed', String(error));
      });
    };
    // Now, or once there is a connection; and whenever there is one again.
    if (this.redis.prompt.status === 'ready') sweep();
    this.redis.prompt.on('ready', sweep);
    this.sweeper = setInterval(sweep, sweepMs);
    this.sweeper.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.sweeper);
    this.stopFollowing?.();
    await this.inbox?.close();
    await this.deliveries.close();
  }

  async add(container: string, requestedBy: string, wishes: Wishes = {}): Promise<Enqueued> {
    const {
      digest,
      mayUpdate = [container],
      kind = 'notify',
      target,
      retry,
      startStopped,
      host,
      parallel = 1,
      account = requestedBy,
      isLimited = false,
      maySupersede = true,
    } = wishes;
    const targets = await this.addressing.targets(container, host, target);
    const enqueue = async (): Promise<Enqueued> => {
      for (let tries = 0; tries < mostTries; tries++) {
        const recorded = { kind, target, retry, expectedDigest: digest, startStopped };
        const draft = this.deployments.draft(container, requestedBy, recorded);
        const stored = {
          ...this.addressing.addressed(draft, targets, parallel, [mayUpdate]),
          askedBy: [account],
          ...(!maySupersede && { maySupersede }),
        };
        const { deployment } = stored;
        let acceptance = await this.store.accept(stored, { isLimited });
        const givesOneUp =
          acceptance.outcome === 'full' && (await this.hasOneToGiveUp(acceptance.waiting, stored, account));
        if (givesOneUp) acceptance = await this.store.accept(stored, { isLimited, leaving: 1 });
        switch (acceptance.outcome) {
          case 'full':
            throw new QueueFull(
              `${acceptance.count} deployments are waiting, ${acceptance.own} of them of this caller; one of the policy leaves as many places free as it has`,
            );
          case 'joins': {
            const joined = await this.join(acceptance.id, requestedBy, { account, mayUpdate, maySupersede });
            if (!joined) {
              await this.store.forgetUnreadable(acceptance.id, stored);
              continue;
            }
            const { waiting } = acceptance;
            const place = waiting.findIndex(({ id }) => id === joined.id);
            const position = isBehindOtherKind(waiting, place)
              ? await this.positionOf(joined.id)
              : await this.moveBehind(joined);
            return { deployment: joined, position, coalesced: true };
          }
          case 'accepted': {
            this.events.emit({ type: 'queued', deployment });
            for (const other of acceptance.waiting)
              if (maySupersede && other.kind !== kind) await this.overtake(other.id, deployment.id);
            if (givesOneUp || acceptance.waiting.length > maxWaitingPerCaller)
              await this.supersede(acceptance.waiting, stored, account, givesOneUp);
            await this.send(stored, targets);
            return { deployment, position: acceptance.position, coalesced: false };
          }
        }
      }
      throw new RedisUnavailable('what waits changes faster than it can be read');
    };
    // One after the other, so that a caller never has many more waiting for a container than it may.
    const end = await this.turns.take(`${account} ${container}`);
    try {
      return await enqueue();
    } finally {
      end();
    }
  }

  async requeue({ deploymentId }: Job, retry: DeploymentRetry): Promise<void> {
    try {
      await this.deployments.postpone(deploymentId, retry);
    } catch (error) {
      if (!(error instanceof CannotWait)) throw error;
      throw error.reason === 'full'
        ? new QueueFull(`${error.detail} deployments are waiting`)
        : new Overtaken(error.detail);
    }
    await this.inbox?.putBack(deploymentId, retry.code === 'interrupted' ? undefined : Date.parse(retry.notBefore));
  }

  async take(signal: AbortSignal): Promise<Job | undefined> {
    const { inbox } = this;
    if (!inbox) throw new Error('a process without a host takes nothing');
    this.lease?.release();
    await inbox.letGo();
    for (;;) {
      const id = await inbox.take(signal);
      if (id === undefined) return undefined;
      const job = await this.begin(id, inbox);
      if (job) return job;
    }
  }

  async done({ deploymentId }: Job): Promise<void> {
    await this.inbox?.complete(deploymentId);
  }

  async remove(deploymentId: string): Promise<boolean> {
    const removed = await answered(
      this.store.change(deploymentId, (stored) => (mayBeJoined(stored) ? { ...stored, withdrawn: true } : undefined)),
      promptTimeoutMs,
    );
    if (removed?.host !== undefined) await this.deliveries.withdraw(removed.host, deploymentId);
    return removed !== undefined;
  }

  order(): Promise<string[]> {
    return this.store.waiting();
  }

  /** Nothing is lost by a stop. */
  clear(): Promise<Job[]> {
    return Promise.resolve([]);
  }

  size(): Promise<number> {
    return this.store.countWaiting();
  }

  override skippedValues(): Record<string, number> {
    return Object.fromEntries(storedKinds.map((kind) => [kind, this.redis.stored.skipped(kind)]));
  }

  override probe(): Promise<void> {
    return this.store.probe();
  }

  /** Undefined where there is nothing to begin: it has ended, or its time has not come. */
  private async begin(id: string, inbox: HostInbox): Promise<Job | undefined> {
    const found = await this.store.findStored(id);
    if (found?.maySupersede === false && (await this.waitsForOtherKind(found.deployment))) {
      await inbox.putBack(id, Date.now() + turnPollMs);
      return undefined;
    }
    const partOf = found?.deployment.partOf;
    const whole = partOf === undefined ? undefined : await this.beginWhole(partOf);
    const taken = await this.store.change(id, (stored) =>
      partOf === undefined || whole ? take(stored) : { ...stored, deployment: finish(stored.deployment, notWanted) },
    );
    if (!taken || taken.deployment.status === 'dropped') {
      await inbox.complete(id);
      return undefined;
    }
    const { deployment } = taken;
    const overtakenBy = taken.overtakenBy ?? whole?.overtakenBy;
    // Those who joined the whole meanwhile stand there.
    const { permissions } = whole ?? taken;
    if (!taken.taken) {
      await inbox.putBack(id, Date.parse(deployment.notBefore ?? ''));
      return undefined;
    }
    // Asked once all others see that it is taken: from then on nobody takes the turn away.
    if (whole && overtakenBy === undefined && !(await this.rollouts.hasTurn(whole.deployment))) {
      await this.store.change(id, ({ taken: _, ...stored }) => stored);
      await inbox.putBack(id, Date.now() + turnPollMs);
      return undefined;
    }
    const interruptions = (deployment.retries ?? []).filter(({ code }) => code === 'interrupted').length;
    if (interruptions > mostInterruptions) {
      await this.giveUp(id);
      await inbox.complete(id);
      return undefined;
    }
    this.lease = this.store.lease(taken);
    const { container, kind, target, retry, expectedDigest, startStopped } = deployment;
    return {
      deploymentId: id,
      container,
      kind,
      ...(target === undefined ? {} : { target }),
      ...(retry ? { retry } : {}),
      permissions,
      ...(expectedDigest === undefined ? {} : { digest: expectedDigest }),
      ...(startStopped === undefined ? {} : { startStopped }),
      ...(overtakenBy === undefined ? {} : { overtakenBy }),
    };
  }

  /** Whether one of the other kind that was accepted before waits to be tried again, and may not be ended by this one. */
  private async waitsForOtherKind({ id, container, kind }: Deployment): Promise<boolean> {
    const waiting = await this.store.many(await this.store.waitingOf(container));
    const at = await this.store.placeOf(id);
    const others = waiting.filter(({ deployment }) => deployment.kind !== kind && deployment.id !== id);
    for (const other of others)
      if (mayBeJoined(other) && (await this.store.placeOf(other.deployment.id)) < at) return true;
    return false;
  }

  /** The whole begins with its first part: from then on nobody joins it. Undefined where it has ended, or is about to be dropped. */
  private async beginWhole(id: string): Promise<StoredDeployment | undefined> {
    const found: { waited: boolean } = { waited: false };
    const begun = await this.store.change(id, (stored) => {
      found.waited = stored.deployment.status === 'queued';
      if (stored.withdrawn) return undefined;
      return found.waited ? { ...stored, deployment: start(stored.deployment) } : stored;
    });
    if (begun && found.waited) this.events.emit({ type: 'started', deployment: begun.deployment });
    return begun;
  }

  /** On its way: to its host, or to the first of several; what is for none ends here. */
  private async send({ deployment: { id }, host }: StoredDeployment, targets: Targets): Promise<void> {
    if (host !== undefined) await this.deliveries.deliver(host, id);
    else if ('hosts' in targets) await this.rollouts.advance(id);
    else await this.deployments.finish(id, { status: 'failed', error: targets });
  }

  private async fail(id: string, error: DeploymentError): Promise<void> {
    await this.deployments.start(id);
    await this.deployments.finish(id, { status: 'failed', error });
  }

  private async join(
    id: string,
    requestedBy: string,
    { account, mayUpdate, maySupersede }: { account: string; mayUpdate: readonly string[]; maySupersede: boolean },
  ): Promise<Deployment | undefined> {
    const joined = await answered(
      this.store.change(id, (stored) =>
        mayBeJoined(stored)
          ? {
              ...stored,
              deployment: coalesce(stored.deployment, requestedBy),
              permissions: addPermission(stored.permissions, mayUpdate),
              askedBy: [...new Set([...(stored.askedBy ?? []), account])],
              maySupersede: maySupersede ? undefined : stored.maySupersede,
            }
          : undefined,
      ),
      promptTimeoutMs,
    );
    if (joined) this.events.emit({ type: 'coalesced', deployment: joined.deployment });
    return joined?.deployment;
  }

  /** Those that a caller gives up by asking for this one, as `givenUpFor` says. */
  private async givenUp(
    waiting: readonly { id: string }[],
    { deployment: { id: own, kind }, host }: StoredDeployment,
    account: string,
    isFull: boolean,
  ): Promise<(Claimed & { id: string })[]> {
    const others = waiting.filter(({ id }) => id !== own).map(({ id }) => id);
    const claims = (await this.store.many(others)).map((stored) => ({
      id: stored.deployment.id,
      kind: stored.deployment.kind,
      askedBy: stored.askedBy ?? [],
      host: stored.host,
      // One that is being taken has its place no longer.
      overtakenBy: mayBeJoined(stored) ? undefined : stored.deployment.id,
    }));
    return givenUpFor(claims, { kind, host, account }, isFull);
  }

  private async hasOneToGiveUp(...of: [readonly { id: string }[], StoredDeployment, string]): Promise<boolean> {
    return (await this.givenUp(...of, true)).some(({ askedBy }) => askedBy.length === 1);
  }

  /** Ends what a caller has given up by asking for the newest one, unless somebody else wants it, too. */
  private async supersede(
    waiting: readonly { id: string }[],
    stored: StoredDeployment,
    account: string,
    isFull: boolean,
  ): Promise<void> {
    const winner = stored.deployment;
    for (const { id } of await this.givenUp(waiting, stored, account, isFull)) {
      const changed = await answered(
        this.store.change(id, (stored) => {
          if (!mayBeJoined(stored)) return undefined;
          const askedBy = othersThan(account, { askedBy: stored.askedBy ?? [] });
          return askedBy.length > 0
            ? { ...stored, askedBy }
            : { ...stored, deployment: finish(stored.deployment, endByNewer(stored.deployment, winner)) };
        }),
        promptTimeoutMs,
      );
      if (changed?.deployment.status !== 'failed') continue;
      this.events.emit({ type: 'finished', deployment: changed.deployment, hasRun: false });
      if (changed.host !== undefined) await this.deliveries.withdraw(changed.host, id);
    }
  }

  private async positionOf(id: string): Promise<number> {
    return (await this.order()).indexOf(id) + 1;
  }

  /** Out of its host's queue and in again: where it was taken meanwhile, it stays with whoever did. */
  private async moveBehind(deployment: Deployment): Promise<number> {
    const position = await this.store.moveBehind(deployment);
    const { id, host } = deployment;
    if (host !== undefined) {
      await this.deliveries.withdraw(host, id);
      await this.deliveries.deliver(host, id);
    }
    return position;
  }

  /** One that waits to be tried again would come after what was asked for later. */
  private async overtake(id: string, by: string): Promise<void> {
    const overtaken = await answered(
      this.store.change(id, (stored) => {
        const { notBefore: _, ...deployment } = stored.deployment;
        return stored.deployment.notBefore === undefined || !mayBeJoined(stored)
          ? undefined
          : { ...stored, deployment, overtakenBy: by };
      }),
      promptTimeoutMs,
    );
    if (overtaken?.host !== undefined) await this.deliveries.hurry(overtaken.host, id);
  }

  private async giveUp(id: string): Promise<void> {
    const message = `its work was interrupted ${mostInterruptions + 1} times, by a kill or a failure of power or memory; it is not begun again`;
    await this.fail(id, { code: 'interrupted', message });
  }

  /** What a process that was killed did not get to: what was accepted and not delivered, and what comes next in a rollout. */
  private async sweep(): Promise<void> {
    // So that it is known whom Redis knew, when it has lost that.
    await this.registry.hosts();
    const unfinished = await this.store.unfinished();
    if (unfinished.length === 0) return;
    await this.rollouts.dropOverdue(unfinished);
    const addressed = unfinished.flatMap(({ deployment: { id }, host }) =>
      host === undefined ? [] : [{ host, deploymentId: id }],
    );
    const delivered = await this.deliveries.areDelivered(addressed);
    for (const [index, { host, deploymentId }] of addressed.entries())
      if (delivered[index] === false) await this.deliveries.deliver(host, deploymentId);
    for (const { withdrawn, rollout, deployment } of unfinished) {
      if (rollout) await this.rollouts.advance(deployment.id);
      if (!withdrawn) continue;
      const error = { code: 'cancelled', message: 'it was taken out of the queue; nothing was touched' };
      await this.deployments.finish(deployment.id, { status: 'dropped', error }).catch(() => undefined);
    }
  }
}
