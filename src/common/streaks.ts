/** What happened in a row. */
export interface Streak<T> {
  count: number;
  /** When it happened last: milliseconds of a clock that never goes back. */
  at: number;
  /** What was noted then. */
  note: T;
}

/** Counts what happens in a row, by key. Its memory is bounded: the key that was seen the longest ago makes room. */
export class Streaks<T = void> {
  private readonly streaks = new Map<string, Streak<T>>();

  /** @param forgottenAfterMs after so long without another one, a streak begins anew */
  constructor(
    private readonly forgottenAfterMs: number,
    private readonly maxKeys: number,
  ) {}

  of(key: string): Streak<T> | undefined {
    return this.streaks.get(key);
  }

  /** Notes one more. */
  add(key: string, note: T, now: number): void {
    const last = this.streaks.get(key);
    const count = last && now - last.at < this.forgottenAfterMs ? last.count + 1 : 1;
    // A Map iterates in the order of insertion.
    this.streaks.delete(key);
    this.streaks.set(key, { count, at: now, note });
    const [oldest] = this.streaks.keys();
    if (this.streaks.size > this.maxKeys && oldest !== undefined) this.streaks.delete(oldest);
  }

  end(key: string): void {
    this.streaks.delete(key);
  }
}
