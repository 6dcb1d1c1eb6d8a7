import { describe, expect, it } from '@jest/globals';
import { givenUpFor, maxWaitingPerCaller, othersThan, type Claimed } from './shares.js';

const waits = (askedBy: string[], rest: Partial<Claimed> = {}): Claimed => ({ kind: 'notify', askedBy, ...rest });
const claim = { kind: 'notify' as const, account: 'ci' };
const enough = (askedBy: string[], rest?: Partial<Claimed>): Claimed[] =>
  Array.from({ length: maxWaitingPerCaller }, () => waits(askedBy, rest));

describe('givenUpFor', () => {
  it('gives up the oldest of the same caller once it has enough, and nothing before', () => {
    const own = enough(['ci']);
    expect(givenUpFor([waits(['other']), ...own], claim, false)).toEqual([own[0]]);
    expect(givenUpFor(own.slice(1), claim, false)).toEqual([]);
  });

  it('counts neither the other kind, nor another host, nor what is about to end', () => {
    const others = [
      ...enough(['ci'], { kind: 'rollback' }),
      ...enough(['ci'], { host: 'a' }),
      ...enough(['ci'], { overtakenBy: 'x' }),
    ];
    expect(givenUpFor(others, claim, false)).toEqual([]);
    expect(givenUpFor(others, { ...claim, host: 'a' }, false)).toHaveLength(1);
  });

  it('makes room in a full queue with one that nobody else asked for, and with no other', () => {
    const shared = waits(['ci', 'other']);
    const own = waits(['ci']);
    expect(givenUpFor([shared, own], claim, true)).toEqual([own]);
    expect(givenUpFor([shared, waits(['other'])], claim, true)).toEqual([]);
  });

  it('leaves to the others what they asked for, too', () => {
    expect(othersThan('ci', { askedBy: ['ci', 'other'] })).toEqual(['other']);
  });
});
