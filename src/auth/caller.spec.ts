import { describe, expect, it } from '@jest/globals';
import { accountOf, containersFor, may } from './caller.js';

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

describe('whose share a caller uses', () => {
  const pipeline = { issuer: 'https://ci.example', repository: 'acme/web', subject: 'repo:acme/web:ref:main' };

  it("is a token's own, and that of a repository whichever run it is", () => {
    expect(accountOf({ id: 'ci-web' })).toBe('ci-web');
    const runs = ['1', '2'].map((run) => accountOf({ id: `acme/web#${run}`, pipeline: { ...pipeline, run } }));
    expect(runs[0]).toBe(runs[1]);
    expect(accountOf({ id: 'x', pipeline: { ...pipeline, repository: undefined } })).toContain(pipeline.subject);
    expect(accountOf({ id: 'x', pipeline: { ...pipeline, issuer: 'https://other.example' } })).not.toBe(runs[0]);
  });
});
