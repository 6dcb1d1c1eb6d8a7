import type { Deployment, DeploymentKind } from '../deployments/deployment.js';
import type { Permissions } from './permissions.js';

/** What became of a request: the deployment it belongs to, its place in the queue (1 is next), and whether it joined one that waited. */
export interface Enqueued {
  deployment: Deployment;
  position: number;
  coalesced: boolean;
}

/** A deployment that was taken out of the queue, to be worked on. */
export interface Job {
  deploymentId: string;
  container: string;
  kind: DeploymentKind;
  /** What those who asked for it may have updated: containers that depend on this one follow it only where one of them may. */
  permissions: Permissions;
}

/** The queue holds as many containers as it may. Nothing was enqueued. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/**
 * The containers that wait for their update, first in, first out. Requests for a container that waits become one; one
 * that arrives after its container was taken waits anew, for the image may have been pushed after the running pull.
 * Asynchronous, so that a durable queue that several processes share can stand in for the one in memory.
 */
export abstract class QueueService {
  /**
   * Requests of one kind are joined; one that joins after a request of the other kind came goes behind that, for what was
   * asked for last is what counts.
   * @param mayUpdate the containers, as names and globs, that the caller may have updated
   * @throws QueueFull where the container does not wait yet and there is no room
   */
  abstract add(
    container: string,
    requestedBy: string,
    mayUpdate?: readonly string[],
    kind?: DeploymentKind,
  ): Promise<Enqueued>;

  /** Takes the first one; waits where there is none. Undefined once the signal is aborted. */
  abstract take(signal: AbortSignal): Promise<Job | undefined>;

  /** Takes one out that waits; answers whether it did. */
  abstract remove(deploymentId: string): Promise<boolean>;

  /** The ids of the deployments that wait, the next one first. */
  abstract order(): Promise<string[]>;

  /** Takes out all that wait, for a stop. */
  abstract clear(): Promise<Job[]>;

  /** How many wait. */
  abstract size(): Promise<number>;
}
