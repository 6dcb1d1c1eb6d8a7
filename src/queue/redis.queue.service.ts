import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { coalesce, postpone, type Deployment, type DeploymentRetry } from '../deployments/deployment.js';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { CannotWait, type RedisDeploymentStore, type StoredDeployment } from '../deployments/redis.deployment-store.js';
import { promptTimeoutMs, type RedisConnections } from '../redis/redis-connections.js';
import { answered, RedisUnavailable } from '../redis/redis-unavailable.js';
import { HostDeliveries } from './host-deliveries.js';
import { HostInbox } from './host-inbox.js';
import { addPermission } from './permissions.js';
import { Overtaken, QueueFull, QueueService, type Enqueued, type Job, type Wishes } from './queue.service.js';

/** How often it is looked for deployments that were accepted and did not get to their host. */
const sweepMs = 30_000;
/** As often may a deployment be interrupted, by a kill or a power failure, before it is one that kills. */
const mostInterruptions = 5;
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
  private readonly inbox: HostInbox;
  private readonly host: string;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(settings.KEY) { hostName }: Pick<Settings, 'hostName'>,
    private readonly store: RedisDeploymentStore,
    private readonly deployments: DeploymentsService,
    private readonly events: DeploymentEvents,
  ) {
    super();
    if (hostName === undefined) throw new Error('a queue in Redis needs the name of its host');
    this.host = hostName;
    this.deliveries = new HostDeliveries(redis);
    this.inbox = new HostInbox(redis, hostName);
  }

  onApplicationBootstrap(): void {
    const sweep = (): void => {
      this.deliverMissing().catch((error: unknown) => {
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
    await this.inbox.close();
    await this.deliveries.close();
  }

  async add(
    container: string,
    requestedBy: string,
    { digest, mayUpdate = [container], kind = 'notify', target }: Wishes = {},
  ): Promise<Enqueued> {
    for (let tries = 0; tries < mostTries; tries++) {
      const deployment = this.deployments.draft(container, requestedBy, { kind, target, expectedDigest: digest });
      const acceptance = await this.store.accept({ deployment, permissions: [mayUpdate], host: this.host });
      switch (acceptance.outcome) {
        case 'full':
          throw new QueueFull(`${acceptance.count} deployments are waiting`);
        case 'joins': {
          const joined = await this.join(acceptance.id, requestedBy, mayUpdate);
          if (!joined) continue;
          const isBehind = acceptance.waiting.at(-1)?.kind === kind;
          const position = isBehind ? await this.positionOf(joined.id) : await this.moveBehind(joined);
          return { deployment: joined, position, coalesced: true };
        }
        case 'accepted': {
          this.events.emit({ type: 'queued', deployment });
          for (const other of acceptance.waiting) if (other.kind !== kind) await this.overtake(other.id, deployment.id);
          await this.deliveries.deliver(this.host, deployment.id);
          return { deployment, position: acceptance.position, coalesced: false };
        }
      }
    }
    throw new RedisUnavailable('what waits changes faster than it can be read');
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
    await this.inbox.putBack(deploymentId, retry.code === 'interrupted' ? undefined : Date.parse(retry.notBefore));
  }

  async take(signal: AbortSignal): Promise<Job | undefined> {
    await this.inbox.letGo();
    for (;;) {
      const id = await this.inbox.take(signal);
      if (id === undefined) return undefined;
      const job = await this.begin(id);
      if (job) return job;
    }
  }

  async done({ deploymentId }: Job): Promise<void> {
    await this.inbox.complete(deploymentId);
  }

  async remove(deploymentId: string): Promise<boolean> {
    const removed = await answered(
      this.store.change(deploymentId, (stored) => (mayBeJoined(stored) ? { ...stored, withdrawn: true } : undefined)),
      promptTimeoutMs,
    );
    if (removed) await this.deliveries.withdraw(removed.host ?? this.host, deploymentId);
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

  /** Undefined where there is nothing to begin: it has ended, or its time has not come. */
  private async begin(id: string): Promise<Job | undefined> {
    this.store.letGo(id);
    const taken = await this.store.change(id, take);
    if (!taken) {
      await this.inbox.complete(id);
      return undefined;
    }
    const { deployment, permissions, overtakenBy } = taken;
    if (!taken.taken) {
      await this.inbox.putBack(id, Date.parse(deployment.notBefore ?? ''));
      return undefined;
    }
    const interruptions = (deployment.retries ?? []).filter(({ code }) => code === 'interrupted').length;
    if (interruptions > mostInterruptions) {
      await this.giveUp(id);
      return undefined;
    }
    const { container, kind, target, expectedDigest } = deployment;
    return {
      deploymentId: id,
      container,
      kind,
      ...(target === undefined ? {} : { target }),
      permissions,
      ...(expectedDigest === undefined ? {} : { digest: expectedDigest }),
      ...(overtakenBy === undefined ? {} : { overtakenBy }),
    };
  }

  private async join(id: string, requestedBy: string, mayUpdate: readonly string[]): Promise<Deployment | undefined> {
    const joined = await answered(
      this.store.change(id, (stored) =>
        mayBeJoined(stored)
          ? {
              ...stored,
              deployment: coalesce(stored.deployment, requestedBy),
              permissions: addPermission(stored.permissions, mayUpdate),
            }
          : undefined,
      ),
      promptTimeoutMs,
    );
    if (joined) this.events.emit({ type: 'coalesced', deployment: joined.deployment });
    return joined?.deployment;
  }

  private async positionOf(id: string): Promise<number> {
    return (await this.order()).indexOf(id) + 1;
  }

  /** Out of its host's queue and in again: where it was taken meanwhile, it stays with whoever did. */
  private async moveBehind(deployment: Deployment): Promise<number> {
    const position = await this.store.moveBehind(deployment);
    await this.deliveries.withdraw(this.host, deployment.id);
    await this.deliveries.deliver(this.host, deployment.id);
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
    if (overtaken) await this.deliveries.hurry(overtaken.host ?? this.host, id);
  }

  private async giveUp(id: string): Promise<void> {
    await this.deployments.start(id);
    const message = `its work was interrupted ${mostInterruptions + 1} times, by a kill or a failure of power or memory; it is not begun again`;
    await this.deployments.finish(id, { status: 'failed', error: { code: 'interrupted', message } });
    await this.inbox.complete(id);
  }

  /** What was accepted and did not get to its host, for the process that accepted it was killed, is delivered now. */
  private async deliverMissing(): Promise<void> {
    const unfinished = await this.store.unfinished();
    const addressed = unfinished.map(({ deployment: { id }, host = this.host }) => ({ host, deploymentId: id }));
    const delivered = await this.deliveries.areDelivered(addressed);
    for (const [index, { withdrawn, deployment }] of unfinished.entries()) {
      const address = addressed[index];
      if (withdrawn) {
        const error = { code: 'cancelled', message: 'it was taken out of the queue; nothing was touched' };
        await this.deployments.finish(deployment.id, { status: 'dropped', error }).catch(() => undefined);
      } else if (address && delivered[index] === false) {
        await this.deliveries.deliver(address.host, address.deploymentId);
      }
    }
  }
}

function mayBeJoined({ deployment, taken, withdrawn, overtakenBy }: StoredDeployment): boolean {
  return deployment.status === 'queued' && !taken && !withdrawn && overtakenBy === undefined;
}

/** One that its worker takes; one that ran already was interrupted. Undefined where it is not to be begun at all. */
function take(stored: StoredDeployment): StoredDeployment | undefined {
  if (stored.withdrawn) return undefined;
  const { deployment } = stored;
  if (deployment.status === 'running') {
    const stage = deployment.stages.at(-1)?.stage ?? 'recover';
    const message = 'the process that worked on it was gone; recovery has put right what it left behind';
    const retry = { stage, code: 'interrupted', message, notBefore: new Date().toISOString() };
    return { ...stored, deployment: postpone(deployment, retry), taken: true };
  }
  const isEarly = deployment.notBefore !== undefined && Date.parse(deployment.notBefore) > Date.now();
  return isEarly ? stored : { ...stored, taken: true };
}
