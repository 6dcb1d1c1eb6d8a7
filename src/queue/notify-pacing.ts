const free = 30;
const firstDelayMs = 1000;
const maxDelayMs = 30_000;
/** A container that nobody has notified for so long is looked at again at once. */
const forgottenAfterMs = 120_000;
const maxContainers = 1000;

interface Looks {
  /** How many in a row found nothing new. */
  count: number;
  /** Milliseconds of a clock that never goes back. */
  at: number;
}

/**
 * Keeps a caller that notifies in a loop from having the engine pull without end: after 30 notifies of a container in a row that
 * changed nothing, the next one waits for 1 s, 2 s, 4 s … 30 s. While it waits, others join it. A change lets all go at once again.
 */
export class NotifyPacing {
  private readonly looks = new Map<string, Looks>();

  /** How long a notify of a container has to wait, in milliseconds, and after how many looks that found nothing new. */
  delayOf(container: string, now = performance.now()): { delayMs: number; count: number } {
    const { count, at } = this.looks.get(container) ?? { count: 0, at: now };
    if (count < free) return { delayMs: 0, count };
    const spacingMs = Math.min(firstDelayMs * 2 ** (count - free), maxDelayMs);
    return { delayMs: Math.max(0, Math.ceil(at + spacingMs - now)), count };
  }

  /** Notes that the registry was asked for a container. */
  note(container: string, hasChanged: boolean, now = performance.now()): void {
    const last = this.looks.get(container);
    // A Map iterates in the order of insertion: the first one was looked at the longest ago.
    this.looks.delete(container);
    if (hasChanged) return;
    const count = last && now - last.at < forgottenAfterMs ? last.count + 1 : 1;
    this.looks.set(container, { count, at: now });
    const [oldest] = this.looks.keys();
    if (this.looks.size > maxContainers && oldest !== undefined) this.looks.delete(oldest);
  }
}
