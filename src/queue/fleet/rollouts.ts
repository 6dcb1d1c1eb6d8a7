import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Settings } from '../../config/settings.js';
import {
  finish,
  isFinished,
  newDeployment,
  start,
  type Deployment,
  type DeploymentEnd,
  type FinishedDeployment,
  type HostPart,
} from '../../deployments/deployment.js';
import type { DeploymentEvents, DeploymentHint } from '../../deployments/deployment-events.js';
import type { RedisDeploymentStore, StoredDeployment } from '../../deployments/redis/redis.deployment-store.js';
import { keyPrefix, promptTimeoutMs, type RedisConnections } from '../../redis/redis-connections.js';
import { answered, RedisUnavailable } from '../../redis/redis-unavailable.js';
import { HostAbsence } from './host-absence.js';
import type { HostDeliveries } from './host-deliveries.js';
import type { HostRegistry } from './host-registry.js';
import { atWork, nextStep, rests, type RolloutStep } from './rollout.js';

/** A host that is there has announced itself anew by then, whatever became of Redis. */
const reannouncedWithinMs = 95_000;
/** How long hosts have to answer whether they are there. */
const answeredWithinMs = 2000;

/**
 * Moves deployments of several hosts on: by every process that accepts, whenever something ends, and every 30 s. All of them do the
 * same, and to do it twice is harmless, so that none is needed in particular. Of one container one rollout goes on at a time; one
 * of which all begun parts wait to be tried again, as for a digest, lets others go on meanwhile.
 */
export class Rollouts {
  private readonly logger = new Logger('Fleet');
  private readonly absence = new HostAbsence();
  private connectedAt: number | undefined;
  /** The rollouts that this process is moving on, and whether something has happened meanwhile. */
  private readonly moving = new Map<string, { again: boolean }>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: RedisDeploymentStore,
    private readonly events: DeploymentEvents,
    private readonly deliveries: HostDeliveries,
    private readonly registry: HostRegistry,
    private readonly settings: Pick<Settings, 'hostName' | 'hostWaitMs'>,
  ) {
    const { prompt } = redis;
    if (prompt.status === 'ready') this.connectedAt = performance.now();
    prompt.on('ready', () => (this.connectedAt = performance.now()));
    prompt.on('close', () => (this.connectedAt = undefined));
  }

  /** Listens for what ends. Answers how to stop that. */
  follow(): () => void {
    return this.events.subscribe((event) => {
      if (event.type === 'finished') void this.ended(event.deployment).catch(ignoreUnavailable);
      if (event.type === 'postponed' && event.deployment.partOf !== undefined)
        void this.advanceWaiting(event.deployment).catch(ignoreUnavailable);
    });
  }

  /** Does what comes next; where this process is at it already, that is done once more afterwards. @throws RedisUnavailable */
  async advance(id: string): Promise<void> {
    const present = this.moving.get(id);
    if (present) {
      present.again = true;
      return;
    }
    const moving = { again: false };
    this.moving.set(id, moving);
    try {
      await this.move(id);
    } finally {
      this.moving.delete(id);
      if (moving.again) void this.advance(id).catch(ignoreUnavailable);
    }
  }

  /**
   * Drops what waits for a host that has been away for `HOST_WAIT` meanwhile. Not while this process has just connected itself, for
   * hosts announce themselves anew then; nor where the host announces itself when it is asked, or a process of it still works on that.
   * @throws RedisUnavailable
   */
  async dropOverdue(unfinished: readonly StoredDeployment[]): Promise<void> {
    const connectedMs = this.connectedAt === undefined ? 0 : performance.now() - this.connectedAt;
    if (connectedMs < Math.min(this.settings.hostWaitMs, reannouncedWithinMs)) return;
    const suspects = await this.overdue(unfinished);
    if (suspects.length === 0) return;
    await this.registry.ask();
    await setTimeout(answeredWithinMs, undefined, { ref: false });
    this.registry.forget();
    for (const { deployment, host } of await this.overdue(suspects)) {
      if (await this.deliveries.isHeld(host, deployment.id)) continue;
      const message = `the host ${host} has been away for too long${deployment.startedAt === undefined ? '; nothing was touched' : '; how far it came is not known'}`;
      await this.drop(deployment.id, host, { code: 'host_away', message });
    }
  }

  private async overdue(unfinished: readonly StoredDeployment[]): Promise<(StoredDeployment & { host: string })[]> {
    const addressed = unfinished.filter((stored) => stored.host !== undefined) as (StoredDeployment & {
      host: string;
    })[];
    const hosts = addressed.map(({ host }) => host).filter((host) => host !== this.settings.hostName);
    const away = this.absence.look(hosts, await this.registry.hosts(), performance.now());
    const now = Date.now();
    return addressed.filter(({ deployment, host }) => {
      const waitedMs = now - Date.parse(deployment.queuedAt);
      return Math.min(away.get(host) ?? 0, waitedMs) >= this.settings.hostWaitMs;
    });
  }

  private async move(id: string): Promise<void> {
    const found = await this.store.findStored(id);
    if (!found?.rollout || found.withdrawn || isFinished(found.deployment)) return;
    // What was overtaken touches nothing any more.
    if (found.overtakenBy === undefined && !(await this.hasTurn(found.deployment))) return;
    let next: { whole: StoredDeployment; step: RolloutStep } | undefined;
    const changed = await this.store.change(id, async (present) => {
      next = undefined;
      if (!present.rollout || present.withdrawn) return undefined;
      const rollout = { hosts: present.deployment.hosts ?? [], ...present.rollout };
      const records = await this.partsOf(atWork(rollout));
      const step = nextStep(rollout, ({ deploymentId }) => records.get(deploymentId));
      next = { whole: present, step };
      // What is shown of many hosts is long: it is not written anew where nothing has changed.
      return !step.end && isDeepStrictEqual(rollout.hosts, step.hosts)
        ? undefined
        : { ...present, deployment: after(present.deployment, step) };
    });
    if (!next) return;
    if (changed && isFinished(changed.deployment)) this.tellEnd(changed.deployment);
    if (next.step.begin.length > 0 && found.deployment.kind === 'rollback') await this.overtakeOlder(found.deployment);
    for (const part of next.step.begin) await this.begin(next.whole, part);
  }

  private tellEnd(deployment: FinishedDeployment): void {
    const { id, container, status, error } = deployment;
    this.logger.log(`${container}: ended on all hosts: ${status}`, { deploymentId: id, container, status, error });
    this.events.emit({ type: 'finished', deployment, hasRun: false });
  }

  private async drop(id: string, host: string, error: { code: string; message: string }): Promise<void> {
    const end: DeploymentEnd = { status: 'dropped', error };
    const dropped = await this.store.change(id, (stored) => ({
      ...stored,
      deployment: finish(stored.deployment, end),
    }));
    if (!dropped || !isFinished(dropped.deployment)) return;
    this.events.emit({ type: 'finished', deployment: dropped.deployment, hasRun: false });
    await this.deliveries.withdraw(host, id);
  }

  private async ended(deployment: DeploymentHint): Promise<void> {
    if (deployment.partOf !== undefined) await this.advance(deployment.partOf);
    else await this.advanceWaiting(deployment);
  }

  private async advanceWaiting({ id, container }: DeploymentHint): Promise<void> {
    for (const next of await this.store.waitingOf(container)) if (next !== id) await this.advance(next);
  }

  /**
   * Whether this one may go on: the turn is that of another one only as long as that has not ended, and does not rest. Each time that
   * it is taken it has a new value, so that nobody takes it away by what was true before. What a part is begun with is asked by its
   * host, once others see that it is taken. @throws RedisUnavailable
   */
  async hasTurn({ id, container }: Deployment): Promise<boolean> {
    const key = `${keyPrefix}:turn:${container}`;
    for (;;) {
      const turn = await answered(this.redis.prompt.get(key), promptTimeoutMs);
      const holder = turn?.split(' ')[0];
      if (holder !== undefined && holder !== id && !(await this.givesWay(holder))) return false;
      if (holder !== id && (await this.waitsBehind(id, container))) return false;
      const args = [turn ?? '', `${id} ${randomUUID()}`];
      const taking = this.redis.run(this.redis.prompt, takeTurnScript, [`turn:${container}`], args);
      if ((await answered(taking, promptTimeoutMs)) === 1) return true;
    }
  }

  private async givesWay(id: string): Promise<boolean> {
    const whole = await this.store.findStored(id);
    if (!whole?.rollout || isFinished(whole.deployment)) return true;
    const rollout = { hosts: whole.deployment.hosts ?? [], ...whole.rollout };
    const parts = await this.store.many(atWork(rollout).map(({ deploymentId }) => deploymentId));
    return rests(whole.deployment.kind, parts);
  }

  /** First come, first served: what was asked for last counts, so that it comes last. */
  private async waitsBehind(id: string, container: string): Promise<boolean> {
    const waiting = await this.store.many(await this.store.waitingOf(container));
    const rollouts = waiting.filter(({ rollout, withdrawn }) => rollout && !withdrawn);
    return rollouts.findIndex(({ deployment }) => deployment.id === id) > 0;
  }

  /** Notifies that rest would undo this rollback when they go on. */
  private async overtakeOlder({ id, container, kind, queuedAt }: Deployment): Promise<void> {
    for (const { rollout, deployment } of await this.store.unfinished()) {
      if (!rollout || deployment.container !== container || deployment.kind === kind) continue;
      if (deployment.status !== 'running' || deployment.queuedAt > queuedAt) continue;
      await this.store.change(deployment.id, (stored) => ({ ...stored, overtakenBy: stored.overtakenBy ?? id }));
    }
  }

  private async partsOf(hosts: readonly HostPart[]): Promise<Map<string, Deployment>> {
    const stored = await this.store.many(hosts.map(({ deploymentId }) => deploymentId));
    return new Map(stored.map(({ deployment }) => [deployment.id, deployment]));
  }

  private async begin({ deployment, permissions }: StoredDeployment, { host, deploymentId }: HostPart): Promise<void> {
    const { id, container, kind, target, retry, requestedBy, expectedDigest, startStopped, requestId, traceId } =
      deployment;
    const fresh = newDeployment(container, requestedBy, { kind, target, retry, expectedDigest, startStopped });
    const part = { ...fresh, id: deploymentId, host, partOf: id, requestId, traceId };
    const isNew = await this.store.addPart({ deployment: part, permissions, host });
    if (isNew) this.events.emit({ type: 'queued', deployment: part });
    await this.deliveries.deliver(host, deploymentId);
  }
}

const takeTurnScript = {
  name: 'takeRolloutTurn',
  keys: 1,
  lua: `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', 2592000)
return 1
`,
};

function after(deployment: Deployment, { hosts, end }: RolloutStep): Deployment {
  const told = { ...deployment, hosts };
  if (!end) return told;
  return finish(told.status === 'queued' ? start(told) : told, end);
}

function ignoreUnavailable(error: unknown): void {
  // The look that is taken every 30 s does it.
  if (!(error instanceof RedisUnavailable)) new Logger('Fleet').error('a rollout could not be moved on', String(error));
}
