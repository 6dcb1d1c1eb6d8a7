import { describe, expect, it } from '@jest/globals';
import { LineThrottle } from './line-throttle.js';

describe('LineThrottle', () => {
  const due = (throttle: LineThrottle, addresses: string[], now = 0): number =>
    addresses.filter((address) => throttle.admit(address, now).isDue).length;

  it('lets the first ones of an address have their line, and then one at each doubling', () => {
    const throttle = new LineThrottle(60);
    expect(
      due(
        throttle,
        Array.from({ length: 5000 }, () => '192.0.2.1'),
      ),
    ).toBe(60 + 7);
    expect(throttle.admit('192.0.2.2', 0).isDue).toBe(false);
    expect(throttle.admit('192.0.2.1', 60_000)).toEqual({ isDue: true });
  });

  it('bounds the lines of all addresses together', () => {
    const throttle = new LineThrottle(60);
    const addresses = Array.from({ length: 20_000 }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
    expect(due(throttle, addresses)).toBeLessThan(600 + 10);
  });
});
