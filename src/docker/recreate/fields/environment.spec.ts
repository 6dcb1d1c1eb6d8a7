import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { userEnvironment, variableName } from './environment.js';

describe('userEnvironment', () => {
  const image = ['PATH=/bin', 'VERSION=1'];

  it.each([
    ['nothing set', ['PATH=/bin', 'VERSION=1'], []],
    ['one added', ['A=b', 'PATH=/bin', 'VERSION=1'], ['A=b']],
    ['one changed', ['VERSION=2', 'PATH=/bin'], ['VERSION=2']],
    ['one set to the image’s value', ['VERSION=1', 'PATH=/bin'], ['VERSION=1']],
    ['all set to the image’s values, in another order', ['VERSION=1', 'PATH=/bin'], ['VERSION=1']],
    ['one emptied', ['VERSION=', 'PATH=/bin'], ['VERSION=']],
    ['one unset', ['VERSION', 'PATH=/bin'], ['VERSION']],
    ['one set twice', ['A=1', 'A=2', 'PATH=/bin', 'VERSION=1'], ['A=1', 'A=2']],
    ['a value with an equals sign', ['A=b=c', 'PATH=/bin', 'VERSION=1'], ['A=b=c']],
    [
      'the user’s after the image’s: all set by the user',
      ['PATH=/bin', 'VERSION=1', 'A=b'],
      ['PATH=/bin', 'VERSION=1', 'A=b'],
    ],
    ['an order that no engine makes', ['VERSION=1', 'A=b'], ['A=b']],
    ['none at all', [], []],
  ])('%s', (_, container, expected) => {
    expect(userEnvironment(container, image)).toEqual(expected);
  });

  it('answers as a comparison of every start with the rest does', () => {
    const naive = (container: string[], from: string[]): string[] => {
      for (let count = 0; count <= container.length; count++) {
        const names = new Set(container.slice(0, count).map(variableName));
        const appended = from.filter((entry) => !names.has(variableName(entry)));
        if (JSON.stringify(container.slice(count)) === JSON.stringify(appended)) return container.slice(0, count);
      }
      return container.filter((entry) => !from.includes(entry));
    };
    const entry = fc.constantFrom('A=1', 'A=2', 'B=1', 'B', 'C=1', 'D=1');
    const entries = fc.array(entry, { maxLength: 7 });
    fc.assert(
      fc.property(entries, entries, (container, from) => {
        expect(userEnvironment(container, from)).toEqual(naive(container, from));
        expect(userEnvironment([...container, ...from], from)).toEqual(naive([...container, ...from], from));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a moment for 20,000 entries that are the image’s but for the last', () => {
    const from = Array.from({ length: 20_000 }, (_, index) => `NAME_${index}=${'value'.repeat(10)}`);
    const container = [...from.slice(0, -1), 'NAME_19999=mine'];
    const began = performance.now();
    expect(userEnvironment(container, from)).toHaveLength(20_000);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
