import { AddressCounter } from './address-counter.js';
import { isRound, WindowCounter } from './window-counter.js';

/** Whether a request gets its line; once lines are thinned, with how many of this minute it makes. */
export interface Line {
  isDue: boolean;
  count?: number;
}

/** All addresses together may have so many times the lines of one. */
const addressesInAll = 10;

/** Thins the lines of requests without a valid credential: a flood of them must not become a flood of lines. */
export class LineThrottle {
  private readonly addresses = new AddressCounter();
  private readonly all = new WindowCounter();

  /** @param linesPerMinute of one address; beyond it there is a line at each doubling */
  constructor(private readonly linesPerMinute: number) {}

  /** Counts a request. */
  admit(address: string, now?: number): Line {
    const one = this.addresses.add(address, now).count;
    const all = this.all.add('all', now).count;
    if (one <= this.linesPerMinute && all <= addressesInAll * this.linesPerMinute) return { isDue: true };
    const count = one > this.linesPerMinute ? one : all;
    return { isDue: isRound(count), count };
  }
}
