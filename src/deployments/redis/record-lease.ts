import type { Deployment } from '../deployment.js';
import type { StoredDeployment } from './stored-deployment.js';

/** Writes a record in place of the one that was written before; answers false if another process has changed that. */
export type ReplaceRecord = (before: string, after: StoredDeployment) => Promise<boolean>;

/**
 * The right to write the record of a deployment that this process works on, from when it takes the job until it ends the job or puts
 * it back. A change of the status is written before it counts. A stage is written behind: an update must not wait for Redis while its
 * container is down.
 */
export class RecordLease {
  private written: string;
  private writing: Promise<unknown> = Promise.resolve();
  private isReleased = false;

  /** @param present the record as this process has just stored it */
  constructor(
    private present: StoredDeployment,
    private readonly replace: ReplaceRecord,
  ) {
    this.written = JSON.stringify(present);
  }

  /** Whether the deployment has gone back to the queue or ended, or the queue has taken the job away. */
  get isOver(): boolean {
    return this.isReleased;
  }

  /** @throws Error if another process has changed the record; what `change` throws. The record stays as it was then. */
  async update<Changed extends Deployment>(change: (present: Deployment) => Changed): Promise<Changed> {
    const { taken: _, ...before } = this.present;
    const deployment = change(before.deployment);
    const hasBegun = before.deployment.status === 'running';
    this.present = { ...before, deployment };
    const written = this.write(this.present);
    if (hasBegun && deployment.status === 'running') {
      written.catch(() => undefined);
      return deployment;
    }
    try {
      await written;
    } catch (error) {
      this.present = before;
      throw error;
    }
    if (deployment.status !== 'running') this.release();
    return deployment;
  }

  /** Tells of a change once it is written, and before the next one is: listeners hear in the order in which things happened. */
  async onceWritten(tell: () => Promise<unknown>): Promise<void> {
    const told = this.writing.catch(() => undefined).then(tell);
    this.writing = told;
    await told;
  }

  release(): void {
    this.isReleased = true;
  }

  /** One write at a time, in their order. */
  private write(changed: StoredDeployment): Promise<void> {
    const writing = this.writing
      .catch(() => undefined)
      .then(async () => {
        if (!(await this.replace(this.written, changed)))
          throw new Error(
            `another process changed the deployment ${changed.deployment.id} while this one worked on it`,
          );
        this.written = JSON.stringify(changed);
      });
    this.writing = writing;
    return writing;
  }
}
