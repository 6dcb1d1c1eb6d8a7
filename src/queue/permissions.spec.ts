import { describe, expect, it } from '@jest/globals';
import { addPermission, permits } from './permissions.js';

describe('permits', () => {
  it.each([
    [[['*']], ['web', 'sidecar'], true],
    [[['web']], ['web', 'sidecar'], false],
    [[['web'], ['web', 'side*']], ['web', 'sidecar'], true],
    [
      [
        ['web', 'a'],
        ['web', 'b'],
      ],
      ['web', 'a', 'b'],
      false,
    ],
    [[], ['web'], false],
  ])('%j for %j: %p', (permissions, names, expected) => {
    expect(permits(permissions, names)).toBe(expected);
  });
});

describe('addPermission', () => {
  it('keeps each once', () => {
    const once = addPermission(addPermission([], ['web']), ['web']);
    expect(once).toEqual([['web']]);
    expect(addPermission(once, ['web', 'db'])).toEqual([['web'], ['web', 'db']]);
  });
});
