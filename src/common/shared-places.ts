import { hasPlace } from './fair-share.js';

/** Who wants a place. */
export interface Sharer {
  /** Whose share it uses (`accountOf`). */
  account: string;
  /** Whether it must leave as many places free as it has. */
  isLimited: boolean;
}

/** A fixed number of places that callers share by the rule of `hasPlace`. */
export class SharedPlaces {
  private taken = 0;
  private readonly takenBy = new Map<string, number>();

  /** @param reserve how many of them one that is not limited leaves for all others, but for the last place */
  constructor(
    readonly size: number,
    private readonly reserve = 0,
  ) {}

  get total(): number {
    return this.taken;
  }

  /** How many places an account has. */
  ownOf(account: string): number {
    return this.takenBy.get(account) ?? 0;
  }

  /** Takes a place. @returns how to give it back, once; undefined when this account, or all of them, have all that they may */
  take({ account, isLimited }: Sharer): (() => void) | undefined {
    const size = isLimited ? this.size : Math.max(1, this.size - this.reserve);
    if (!hasPlace({ total: this.taken, own: this.ownOf(account), size }, isLimited)) return undefined;
    this.count(account, 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.count(account, -1);
      isHeld = false;
    };
  }

  private count(account: string, change: 1 | -1): void {
    this.taken += change;
    const own = this.ownOf(account) + change;
    if (own > 0) this.takenBy.set(account, own);
    else this.takenBy.delete(account);
  }
}
