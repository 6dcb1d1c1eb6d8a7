import { backoffMs } from '../common/backoff.js';
import { Streaks } from '../common/streaks.js';

const free = 30;
const delays = { firstMs: 1000, maxMs: 30_000 };
/** A container that nobody has notified for so long is looked at again at once. */
const forgottenAfterMs = 120_000;
const maxContainers = 1000;

/**
 * Keeps a caller that notifies in a loop from having the engine pull without end: after 30 notifies of a container in a row that
 * changed nothing, the next one waits for 1 s, 2 s, 4 s … 30 s. While it waits, others join it. A change lets all go at once again.
 */
export class NotifyPacing {
  /** Looks that found nothing new, by container. */
  private readonly looks = new Streaks(forgottenAfterMs, maxContainers);

  /** How long a notify of a container has to wait, in milliseconds, and after how many looks that found nothing new. */
  delayOf(container: string, now = performance.now()): { delayMs: number; count: number } {
    const { count, at } = this.looks.of(container) ?? { count: 0, at: now };
    if (count < free) return { delayMs: 0, count };
    return { delayMs: Math.max(0, Math.ceil(at + backoffMs(count - free + 1, delays) - now)), count };
  }

  /** Notes that the registry was asked for a container. */
  note(container: string, hasChanged: boolean, now = performance.now()): void {
    if (hasChanged) this.looks.end(container);
    else this.looks.add(container, undefined, now);
  }
}
