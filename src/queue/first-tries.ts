import type { Deployment } from '../deployments/deployment.js';

const maxRemembered = 10_000;

/**
 * Tells how long ago deployments were begun for the first time, by a clock that never jumps: a host whose clock is set must neither end
 * the wait for a digest early nor prolong it. Only a deployment that another process began is measured by the clock of the host.
 */
export class FirstTries {
  /** By the ids of deployments, in milliseconds of `performance.now`. */
  private readonly begun = new Map<string, number>();

  /** The epoch milliseconds that it would be now if nobody had set the clock since the deployment was begun. */
  nowFor({ id, startedAt, queuedAt, attempts }: Deployment, wall = Date.now(), steady = performance.now()): number {
    const startedMs = Date.parse(startedAt ?? queuedAt);
    let begun = this.begun.get(id);
    if (begun === undefined) {
      begun = attempts > 1 ? steady - Math.max(0, wall - startedMs) : steady;
      this.begun.set(id, begun);
      const [oldest] = this.begun.keys();
      if (this.begun.size > maxRemembered && oldest !== undefined) this.begun.delete(oldest);
    }
    return startedMs + steady - begun;
  }

  forget(id: string): void {
    this.begun.delete(id);
  }
}
