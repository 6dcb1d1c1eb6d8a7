import { describe, expect, it } from '@jest/globals';
import { hasPlace } from './fair-share.js';

describe('hasPlace', () => {
  /** How many a caller gets, beside those that others have. */
  const most = (size: number, others: number, isLimited = true): number => {
    let own = 0;
    while (hasPlace({ total: others + own, own, size }, isLimited)) own++;
    return own;
  };

  it.each([
    [1024, 0, 512],
    [1024, 512, 256],
    [1024, 1023, 1],
    [1024, 1024, 0],
    [2, 0, 1],
    [1, 0, 1],
    [0, 0, 0],
  ])('of %i places, %i of them taken, gives a limited caller %i', (size, others, own) => {
    expect(most(size, others)).toBe(own);
  });

  it('gives one that is not limited all of them', () => {
    expect(most(10, 3, false)).toBe(7);
  });
});
