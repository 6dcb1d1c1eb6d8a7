import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matchesAny, matchesGlob } from './name-glob.js';

describe('matchesGlob', () => {
  it.each([
    ['web', 'web', true],
    ['web', 'web2', false],
    ['web', 'Web', false],
    ['web', 'aweb', false],
    ['api-*', 'api-', true],
    ['api-*', 'api-one', true],
    ['api-*', 'api', false],
    ['*', 'anything', true],
    ['*-db', 'a-db-db', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ])('%p matches %p: %p', (glob, text, expected) => {
    expect(matchesGlob(glob, text)).toBe(expected);
  });

  it('says what the regular expression of the same meaning says', () => {
    const letters = (...extra: string[]) =>
      fc.string({ unit: fc.constantFrom('a', 'b', '.', ...extra), maxLength: 12 });
    fc.assert(
      fc.property(letters('*', '?'), letters(), (glob, text) => {
        const expression = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesGlob(glob, text)).toBe(new RegExp(`^${expression}$`).test(text));
      }),
    );
  });

  it('is done with a hostile pattern at once', () => {
    expect(matchesGlob(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false);
  });
});

describe('matchesAny', () => {
  it('is content with one, and matches nothing without any', () => {
    expect(matchesAny(['web', 'api-*'], 'api-1')).toBe(true);
    expect(matchesAny([], 'api-1')).toBe(false);
  });
});
