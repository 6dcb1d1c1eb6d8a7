import { describe, expect, it } from '@jest/globals';
import { maxWaitingPerCaller } from './shares.js';
import {
  afterTurn,
  behindOtherKind,
  enter,
  inTurns,
  mayWaitAgain,
  msUntilNext,
  nextOf,
  withLine,
  type Lines,
  type Waiter,
} from './waiting-lines.js';

interface Named extends Waiter {
  name: string;
}

const waiter = (name: string, more: Partial<Waiter> = {}): Named => ({
  name,
  kind: 'notify',
  notBefore: 0,
  askedBy: ['ci'],
  maySupersede: true,
  ...more,
});
const lines = (of: Record<string, Named[]>): Lines<Named> => new Map(Object.entries(of));
const names = (waiters: readonly Named[]): string[] => waiters.map(({ name }) => name);

describe('inTurns', () => {
  it('answers one of each container, then the second ones', () => {
    const three = lines({
      web: [waiter('w1'), waiter('w2'), waiter('w3')],
      api: [waiter('a1')],
      db: [waiter('d1'), waiter('d2')],
    });
    expect(names(inTurns(three))).toEqual(['w1', 'a1', 'd1', 'w2', 'd2', 'w3']);
    expect(inTurns(new Map())).toEqual([]);
  });
});

describe('the turn of a container', () => {
  const two = lines({ web: [waiter('w1'), waiter('w2')], api: [waiter('a1')] });

  it('stays when its line changes', () => {
    expect([...withLine(two, 'web', [waiter('w2')]).keys()]).toEqual(['web', 'api']);
  });

  it('is the last one after it was had', () => {
    expect([...afterTurn(two, 'web').keys()]).toEqual(['api', 'web']);
  });

  it('ends with its line', () => {
    expect([...withLine(two, 'web', []).keys()]).toEqual(['api']);
    expect([...afterTurn(two, 'gone').keys()]).toEqual(['web', 'api']);
  });
});

describe('nextOf', () => {
  it('passes those whose time has not come, within a line and between lines', () => {
    const waits = lines({
      web: [waiter('w1', { notBefore: 50 })],
      api: [waiter('a1', { notBefore: 50 }), waiter('a2')],
    });
    expect(nextOf(waits, 10)?.name).toBe('a2');
    expect(nextOf(waits, 50)?.name).toBe('w1');
    expect(nextOf(lines({ web: [waiter('w1', { notBefore: 50 })] }), 10)).toBeUndefined();
  });

  it('lets nothing pass one of the other kind that was asked for before, unless that is superseded', () => {
    const rollback = waiter('r', { kind: 'rollback', notBefore: 50 });
    expect(nextOf(lines({ web: [rollback, waiter('n')] }), 10)).toBeUndefined();
    expect(nextOf(lines({ web: [{ ...rollback, overtakenBy: 'n' }, waiter('n')] }), 10)?.name).toBe('n');
  });
});

describe('msUntilNext', () => {
  it('answers the time until the first one may be begun that waits for its time', () => {
    const waits = lines({ web: [waiter('a', { notBefore: 90 })], api: [waiter('b', { notBefore: 40 }), waiter('c')] });
    expect(msUntilNext(waits, 10)).toBe(30);
    expect(msUntilNext(waits, 40)).toBe(50);
    expect(msUntilNext(waits, 90)).toBe(Infinity);
  });
});

describe('enter', () => {
  const line = [waiter('n1'), waiter('r1', { kind: 'rollback' })];

  it('puts a new one behind all', () => {
    expect(names(enter(line, waiter('n2')))).toEqual(['n1', 'r1', 'n2']);
  });

  it('puts one that comes back before those of the other kind, which were asked for later', () => {
    expect(names(enter(line, waiter('n2', { notBefore: 5 })))).toEqual(['n1', 'n2', 'r1']);
    expect(names(enter([waiter('n1')], waiter('n2', { notBefore: 5 })))).toEqual(['n1', 'n2']);
  });
});

describe('behindOtherKind', () => {
  it('moves one that a request joined behind those of the other kind', () => {
    const joined = waiter('n1');
    expect(names(behindOtherKind([joined, waiter('r1', { kind: 'rollback' }), waiter('n2')], joined))).toEqual([
      'r1',
      'n2',
      'n1',
    ]);
  });

  it('leaves one in its place that has none of the other kind behind it', () => {
    const joined = waiter('n1');
    expect(names(behindOtherKind([waiter('r1', { kind: 'rollback' }), joined, waiter('n2')], joined))).toEqual([
      'r1',
      'n1',
      'n2',
    ]);
  });
});

describe('mayWaitAgain', () => {
  const back = { kind: 'notify' as const, askedBy: ['ci', 'other'] };
  const newer = (account: string, count: number): Named[] =>
    Array.from({ length: count }, (_, at) => waiter(`${account}${at}`, { askedBy: [account] }));

  it('keeps those who asked for it', () => {
    expect(mayWaitAgain([], back)).toEqual({ askedBy: ['ci', 'other'] });
    expect(mayWaitAgain(newer('ci', maxWaitingPerCaller - 1), back)).toEqual({ askedBy: ['ci', 'other'] });
  });

  it('gives way to the last one of the other kind whose caller may end it', () => {
    const last = waiter('r2', { kind: 'rollback' });
    expect(mayWaitAgain([waiter('r1', { kind: 'rollback' }), last], back)).toEqual({
      supersededBy: last,
      reason: 'other_kind',
    });
    expect(mayWaitAgain([{ ...last, maySupersede: false }], back)).toEqual({ askedBy: ['ci', 'other'] });
  });

  it('loses a caller that has as many newer ones as may wait, and ends when none is left', () => {
    const ofCi = newer('ci', maxWaitingPerCaller);
    expect(mayWaitAgain(ofCi, back)).toEqual({ askedBy: ['other'] });
    const all = [...ofCi, ...newer('other', maxWaitingPerCaller)];
    expect(mayWaitAgain(all, back)).toEqual({ supersededBy: all.at(-1), reason: 'newer' });
    expect(mayWaitAgain(all, { ...back, askedBy: [] })).toEqual({ askedBy: [] });
  });
});
