import type { Deployment } from './deployment.js';

/**
 * Where deployments are remembered. Asynchronous and free of shared objects, so that a durable store that several
 * processes share can stand in for the one in memory. Bounded: finished deployments leave, oldest first; queued and
 * running ones never. Those that ended before they began leave first, for a caller can make a thousand of them in a second.
 */
export abstract class DeploymentStore {
  abstract add(deployment: Deployment): Promise<void>;

  /**
   * Replaces a deployment by what `change` makes of it, as one step: nothing else changes it in between.
   * @throws Error where it is not in the store
   */
  abstract update<Changed extends Deployment>(id: string, change: (present: Deployment) => Changed): Promise<Changed>;

  /** Tells of a change once other processes can find it. */
  async onceWritten(_id: string, tell: () => Promise<unknown>): Promise<void> {
    await tell();
  }

  abstract find(id: string): Promise<Deployment | undefined>;

  /** The wanted ones, those accepted last first, at most so many. */
  abstract newest(limit: number, isWanted: (deployment: Deployment) => boolean): Promise<Deployment[]>;
}

/** How many of the finished deployments that are kept may be ones that ended before they began. */
export function unbegunKept(deploymentsKept: number): number {
  return Math.max(1, Math.floor(deploymentsKept / 10));
}
