import { describe, expect, it } from '@jest/globals';
import { containersFor, may } from './caller.js';

describe('what a caller may', () => {
  const caller = {
    id: 'ci',
    isUnrestricted: false,
    grants: [
      { containers: ['web', 'api-*'], actions: ['notify', 'read'] as const },
      { containers: ['db'], actions: ['read'] as const },
    ],
  };

  it.each([
    ['notify', 'web', true],
    ['notify', 'api-1', true],
    ['notify', 'db', false],
    ['read', 'db', true],
    ['read', 'other', false],
    ['rollback', 'web', false],
    ['notify', undefined, true],
    ['metrics', undefined, false],
  ] as const)('%s %s: %p', (action, container, expected) => {
    expect(may(caller, action, container)).toBe(expected);
  });

  it('is everything for the holder of SECRET_KEY', () => {
    expect(may({ id: 'secret-key', isUnrestricted: true, grants: [] }, 'rollback', 'any')).toBe(true);
  });

  it('is told as names and globs', () => {
    expect(containersFor(caller, 'notify')).toEqual(['web', 'api-*']);
    expect(containersFor(caller, 'read')).toEqual(['web', 'api-*', 'db']);
    expect(containersFor({ ...caller, isUnrestricted: true }, 'rollback')).toEqual(['*']);
  });
});
