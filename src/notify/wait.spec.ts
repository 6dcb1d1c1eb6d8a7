import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { preferredWaitSeconds, waitSeconds } from './wait.js';

describe('preferredWaitSeconds', () => {
  it.each([
    ['wait=10', 10],
    ['Wait = 10', 10],
    ['wait="10"', 10],
    ['respond-async, wait=10', 10],
    ['wait=10;source=ci, respond-async', 10],
    ['wait=10, wait=20', 10],
    ['note="a, wait=5", wait=7', 7],
    ['note="a\\", wait=5", wait=7', 7],
    ['wait=0', 0],
    [undefined, undefined],
    ['', undefined],
    ['respond-async', undefined],
    ['wait', undefined],
    ['wait=', undefined],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['wait=soon, wait=5', undefined],
    ['waiting=5', undefined],
    ['wait=9999999999', undefined],
  ])('reads %p as %p', (header, seconds) => {
    expect(preferredWaitSeconds(header)).toBe(seconds);
  });

  it.each(['wait' + ' '.repeat(16_000) + 'x', 'wait=' + ' '.repeat(16_000) + 'x y', '"\\'.repeat(8000)])(
    'takes no time for a header that is endless',
    (header) => {
      const began = performance.now();
      expect(preferredWaitSeconds(header)).toBeUndefined();
      expect(performance.now() - began).toBeLessThan(50);
    },
  );

  it('answers a whole number or nothing, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const seconds = preferredWaitSeconds(header);
        expect(seconds === undefined || (Number.isSafeInteger(seconds) && seconds >= 0)).toBe(true);
      }),
    );
  });
});

describe('waitSeconds', () => {
  it.each([
    ['0', 0],
    ['50', 50],
    ['3600', 3600],
    [undefined, undefined],
  ])('takes %p for %p', (text, seconds) => {
    expect(waitSeconds.parse(text)).toBe(seconds);
  });

  it.each(['', ' ', '-1', '+1', '1.5', '1e2', '0x10', '3601', '99999999999', 'soon', ['1', '2']])(
    'refuses %p',
    (text) => {
      expect(waitSeconds.safeParse(text).error?.issues[0]?.message).toBe('must be a whole number from 0 to 3600');
    },
  );
});
