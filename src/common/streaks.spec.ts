import { describe, expect, it } from '@jest/globals';
import { backoffMs } from './backoff.js';
import { Streaks } from './streaks.js';

describe('Streaks', () => {
  it('counts by key what happens in a row, with what was noted last', () => {
    const streaks = new Streaks<string>(1000, 10);
    streaks.add('a', 'first', 0);
    streaks.add('a', 'second', 999);
    streaks.add('b', 'other', 999);
    expect(streaks.of('a')).toEqual({ count: 2, at: 999, note: 'second' });
    expect(streaks.of('b')).toEqual({ count: 1, at: 999, note: 'other' });
    expect(streaks.of('c')).toBeUndefined();
  });

  it('begins anew after its time, and once it was ended', () => {
    const streaks = new Streaks(1000, 10);
    streaks.add('a', undefined, 0);
    streaks.add('a', undefined, 1000);
    expect(streaks.of('a')?.count).toBe(1);
    streaks.end('a');
    expect(streaks.of('a')).toBeUndefined();
  });

  it('forgets the key that was seen the longest ago', () => {
    const streaks = new Streaks(1000, 2);
    for (const key of ['a', 'b', 'a', 'c']) streaks.add(key, undefined, 0);
    expect(['a', 'b', 'c'].map((key) => streaks.of(key)?.count)).toEqual([2, undefined, 1]);
  });
});

describe('backoffMs', () => {
  it('doubles up to its limit', () => {
    const wait = (count: number): number => backoffMs(count, { firstMs: 1000, maxMs: 5000 });
    expect([1, 2, 3, 4, 2000].map(wait)).toEqual([1000, 2000, 4000, 5000, 5000]);
  });
});
