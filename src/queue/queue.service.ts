import type { Deployment, DeploymentKind, DeploymentRetry, TargetKind } from '../deployments/deployment.js';
import type { Permissions } from './permissions.js';

/** What became of a request: the deployment it belongs to, its place in the queue (1 is next), and whether it joined one that waited. */
export interface Enqueued {
  deployment: Deployment;
  position: number;
  coalesced: boolean;
}

/** What a caller may say of the update that it asks for. */
export interface Wishes {
  /** `notify` where it says nothing. */
  kind?: DeploymentKind;
  /** What the name has to mean. */
  target?: TargetKind;
  /** What it expects the registry to serve, `sha256:<64 hex>`. */
  digest?: string;
  /** Whether an image from which an update was rolled back is tried again. */
  retry?: boolean;
  /** Whether a container that does not run is to be started. */
  startStopped?: boolean;
  /** The only host that is meant, in a fleet; without it, every one that has the container. */
  host?: string;
  /** On how many hosts at once; one after the other where it says nothing. */
  parallel?: number;
  /** The containers, as names and globs, that it may have updated; without it, that container alone. */
  mayUpdate?: readonly string[];
  /** Whose share of the queue it uses (`accountOf`); that of `requestedBy` where it says nothing. */
  account?: string;
  /** Whether its caller must leave as many places free as it has. */
  isLimited?: boolean;
  /** Whether what it asks for may end a request of the other kind that waits to be tried again; it may where it says nothing. */
  maySupersede?: boolean;
}

/** A deployment that was taken out of the queue, to be worked on. */
export interface Job {
  deploymentId: string;
  container: string;
  kind: DeploymentKind;
  /** What the name has to mean; without it a container comes before a Swarm service. */
  target?: TargetKind;
  /** What those who asked for it may have updated: containers that depend on this one follow it only where one of them may. */
  permissions: Permissions;
  /** The registry's digest that its callers expect; `sha256:<64 hex>`. */
  digest?: string;
  /** Whether an image from which an update was rolled back is tried again. */
  retry?: boolean;
  /** Whether a container that does not run is to be started. */
  startStopped?: boolean;
  /** The deployment of the other kind that was asked for while this one waited to be tried again: it must not be begun. */
  overtakenBy?: string;
}

/** The queue holds as many deployments as it may, or as many of this caller. Nothing was enqueued. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/** Hosts have containers of that name from different repositories: they are not the same thing. Nothing was enqueued. */
export class Ambiguous extends Error {
  override readonly name = 'Ambiguous';
}

/**
 * What was asked for since this one was taken leaves nothing for it to do: a deployment of the other kind, which to try this one
 * again would undo, or as many newer ones of its callers as may wait for its container.
 */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';

  constructor(
    readonly by: string,
    readonly reason: 'other_kind' | 'newer' = 'other_kind',
  ) {
    super(`deployment ${by} was asked for later`);
  }
}

/**
 * The deployments that wait: those of one container first in, first out, and the containers in turn, so that however many
 * wait for one, the next container waits for one of them. Requests for the same container and the same digest that wait
 * together are one deployment; one that arrives after it was taken waits anew, for the image may have been pushed after the
 * running pull. Asynchronous, so that a durable queue that several processes share can stand in for the one in memory.
 */
export abstract class QueueService {
  /** Whether what waits, and what was taken and is not done, outlives this process. */
  abstract readonly isDurable: boolean;

  /**
   * Requests of one kind are joined, unless they have different digests, or mean different things by the name; one that joins after a request of the other
   * kind came goes behind that, for what was asked for last is what counts. For the same reason those of the other kind
   * that wait to be tried again are overtaken by a new one, and come out at once, as such; unless its caller may not have
   * that ended: then the new one waits for them.
   *
   * A caller has at most `maxWaitingPerCaller` waiting for a container: its oldest ones end as `superseded` where nobody
   * else asked for them. One caller that is limited leaves as many places free as it has.
   * @throws QueueFull where nothing waits that the request can join, and there is no room
   */
  abstract add(container: string, requestedBy: string, wishes?: Wishes): Promise<Enqueued>;

  /**
   * Puts a job that was taken back, behind all that wait; it is not taken again before `retry.notBefore`.
   * @throws QueueFull where its place has been taken meanwhile
   * @throws Overtaken where one of the other kind waits for that container and may end it, or enough newer ones of its callers
   */
  abstract requeue(job: Job, retry: DeploymentRetry): Promise<void>;

  /** Takes the first one whose time has come, of the container whose turn it is; waits where there is none. Undefined once the signal is aborted. */
  abstract take(signal: AbortSignal): Promise<Job | undefined>;

  /** A job that was taken has come to its end, and its record says so. */
  abstract done(job: Job): Promise<void>;

  /** Takes one out that waits; answers whether it did. */
  abstract remove(deploymentId: string): Promise<boolean>;

  /** The ids of the deployments that wait, the next one first. */
  abstract order(): Promise<string[]>;

  /** Takes out all that would be lost by a stop. */
  abstract clear(): Promise<Job[]>;

  /** How many wait, those that wait for their time included. */
  abstract size(): Promise<number>;

  /** How many values of the queue's store were skipped because this version cannot read them, by their kind. */
  skippedValues(): Partial<Record<string, number>> {
    return {};
  }

  /** @throws RedisUnavailable where nothing can be enqueued now, for Redis is away, or refuses to write */
  probe(): Promise<void> {
    return Promise.resolve();
  }
}
