import { describe, expect, it } from '@jest/globals';
import { FailureThrottle } from './failure-throttle.js';

describe('FailureThrottle', () => {
  const throttle = (limit = 2) => new FailureThrottle({ authFailuresPerMinute: limit });

  it('lets a few pass in a minute, and says when the next minute begins', () => {
    const failures = throttle();
    expect([0, 1000].map((now) => failures.fail('1.2.3.4', now))).toEqual([undefined, undefined]);
    expect(failures.fail('1.2.3.4', 20_000)).toEqual({ count: 3, retryAfterSeconds: 40 });
    expect(failures.fail('1.2.3.5', 20_000)).toBeUndefined();
    expect(failures.fail('1.2.3.4', 60_000)).toBeUndefined();
  });

  it.each([
    ['2001:db8::1', '2001:db8::2', true],
    ['2001:db8:0:0:1::', '2001:db8::ffff:1', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['::1', '::2', true],
  ])('takes %s and %s for one host: %p', (one, other, same) => {
    const failures = throttle(1);
    failures.fail(one, 0);
    expect(failures.fail(other, 0) !== undefined).toBe(same);
  });

  it('remembers a bounded number of addresses, and forgets the one that came first', () => {
    const failures = throttle(1);
    for (let address = 0; address <= 10_000; address++) failures.fail(String(address), 0);
    expect(failures.fail('10000', 0)).toBeDefined();
    expect(failures.fail('0', 0)).toBeUndefined();
  });
});
