const windowMs = 60_000;
const maxKeys = 10_000;

interface Counted {
  count: number;
  since: number;
}

/** How often something happened within the present window. */
export interface WindowCount {
  count: number;
  /** When the window ends. */
  retryAfterSeconds: number;
}

/** Counts by key, in windows of a minute. Its memory is bounded: the key that came first makes room. */
export class WindowCounter {
  private readonly counts = new Map<string, Counted>();

  /** Counts one more. @param now ms */
  add(key: string, now = performance.now()): WindowCount {
    const present = this.counts.get(key);
    const counted = present && now - present.since < windowMs ? present : { count: 0, since: now };
    counted.count++;
    if (counted !== present) this.remember(key, counted);
    return { count: counted.count, retryAfterSeconds: Math.ceil((counted.since + windowMs - now) / 1000) };
  }

  private remember(key: string, counted: Counted): void {
    // A Map iterates in the order of insertion: the first one has the oldest window.
    this.counts.delete(key);
    const [oldest] = this.counts.keys();
    if (this.counts.size >= maxKeys && oldest !== undefined) this.counts.delete(oldest);
    this.counts.set(key, counted);
  }
}

/** Whether a count is a power of two: a flood is seen to grow, in few lines. */
export function isRound(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}
