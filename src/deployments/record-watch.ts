import { setTimeout } from 'node:timers/promises';
import type { Deployment } from './deployment.js';

/** While Redis is away: until a lost connection is back, which tells again what has ended meanwhile. */
const maxTries = 20;
const retryMs = 500;

/**
 * Looks a record up whenever somebody says that it has changed, one look at a time: however many messages come, and whatever they
 * say, the record decides.
 */
export class RecordWatch {
  private isLooking = false;
  private isStale = false;
  private isClosed = false;

  constructor(
    private readonly find: () => Promise<Deployment | undefined>,
    private readonly onFound: (deployment: Deployment) => void,
  ) {}

  /** Somebody says that it has changed. */
  hint(): void {
    this.isStale = true;
    if (!this.isLooking) void this.look();
  }

  close(): void {
    this.isClosed = true;
  }

  private tell(found: Deployment): void {
    if (!this.isClosed) this.onFound(found);
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    for (let tries = 0; this.isStale && !this.isClosed && tries < maxTries;) {
      this.isStale = false;
      try {
        const found = await this.find();
        tries = 0;
        if (found) this.tell(found);
      } catch {
        tries++;
        this.isStale = true;
        await setTimeout(retryMs, undefined, { ref: false });
      }
    }
    this.isLooking = false;
  }
}
