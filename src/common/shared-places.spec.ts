import { describe, expect, it } from '@jest/globals';
import { SharedPlaces } from './shared-places.js';

const limited = (account: string) => ({ account, isLimited: true });

describe('SharedPlaces', () => {
  it('gives a limited account half of the places, and the next ones a place of their own', () => {
    const places = new SharedPlaces(4);
    const taken = Array.from({ length: 4 }, () => places.take(limited('greedy'))).filter((release) => release);
    expect(taken).toHaveLength(2);
    expect(places.take(limited('other'))).toBeDefined();
    expect(places.take(limited('third'))).toBeDefined();
    expect(places.take(limited('fourth'))).toBeUndefined();
    expect([places.total, places.ownOf('greedy'), places.ownOf('fourth')]).toEqual([4, 2, 0]);
  });

  it('gives an account that is not limited all that are left', () => {
    const places = new SharedPlaces(4);
    const owner = { account: 'owner', isLimited: false };
    expect(Array.from({ length: 5 }, () => places.take(owner) !== undefined)).toEqual([true, true, true, true, false]);
  });

  it('takes a place back once, however often it is given back', () => {
    const places = new SharedPlaces(2);
    const release = places.take(limited('a'));
    places.take(limited('b'));
    release?.();
    release?.();
    expect([places.total, places.ownOf('a'), places.ownOf('b')]).toEqual([1, 0, 1]);
  });
});
