import { describe, expect, it } from '@jest/globals';
import { claimsMatch, nameOfPipeline, pipelineOf } from './claims.js';

describe('claimsMatch', () => {
  it.each([
    [{ repository_id: '1' }, { repository_id: '1' }, true],
    [{ repository_id: '1' }, { repository_id: 1 }, true],
    [{ ref_protected: 'true' }, { ref_protected: true }, true],
    [{ ref_protected: 'true' }, { ref_protected: 'false' }, false],
    [{ ref: 'main' }, {}, false],
    [{ ref: 'main' }, { ref: ['main'] }, false],
    [{ ref: 'main' }, { ref: { main: true } }, false],
    [{ ref: 'main' }, { ref: null }, false],
    [{ toString: 'x' }, {}, false],
    [{ repository: 'acme/web' }, { repository: 'ACME/web' }, false],
    [{ ref: ['main', 'next'] }, { ref: 'next' }, true],
    [{ ref: ['main', 'next'] }, { ref: 'other' }, false],
    [{ ref: 'refs/tags/*' }, { ref: 'refs/tags/v1' }, false],
    [{ ref: { like: 'refs/tags/v*' } }, { ref: 'refs/tags/v1' }, true],
    [{ ref: { like: 'refs/tags/v*' } }, { ref: 'x/refs/tags/v1' }, false],
    [{ repository_id: '1', ref: 'main' }, { repository_id: '1', ref: 'other' }, false],
  ])('%j against %j: %p', (rule, claims, expected) => {
    expect(claimsMatch(rule, claims)).toBe(expected);
  });
});

describe('pipelineOf', () => {
  it('has the words of GitHub and of GitLab, bounded and printable', () => {
    expect(pipelineOf('i', { sub: 's', repository: 'acme/web', run_id: '42' })).toEqual({
      issuer: 'i',
      subject: 's',
      repository: 'acme/web',
      run: '42',
    });
    expect(pipelineOf('i', { project_path: 'a\nb', pipeline_id: 7 })).toMatchObject({ repository: 'a?b', run: '7' });
    expect(pipelineOf('i', { sub: 'x'.repeat(1000) }).subject).toHaveLength(200);
  });
});

describe('nameOfPipeline', () => {
  const issuer = 'https://ci.example';

  it.each([
    [{ repository: 'acme/web', run: '42' }, 'acme/web#42'],
    [{ repository: 'acme/web' }, 'acme/web'],
    [{ subject: 'system:serviceaccount:ci:deployer' }, 'system:serviceaccount:ci:deployer'],
    [{ subject: 'secret-key' }, 'secret-key@ci.example'],
    [{ repository: 'ci' }, 'ci@ci.example'],
    [{}, 'unknown@ci.example'],
  ])('calls %j %j, which no token of the policy is called', (pipeline, name) => {
    expect(nameOfPipeline({ issuer, ...pipeline })).toBe(name);
  });
});
