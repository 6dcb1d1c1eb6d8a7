import { describe, expect, it } from '@jest/globals';
import { isTagged, registryDigest } from './image-identity.js';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

describe('registryDigest', () => {
  it('is that of the repository of the reference', () => {
    const RepoDigests = [`nginx@${digest('1')}`, `registry.example:5000/team/web@${digest('2')}`];
    expect(registryDigest({ RepoDigests }, 'registry.example:5000/team/web:latest')).toBe(digest('2'));
    expect(registryDigest({ RepoDigests }, 'docker.io/library/nginx:1.27')).toBe(digest('1'));
  });

  it('is unknown where the engine knows none, or several', () => {
    expect(registryDigest({}, 'nginx')).toBeUndefined();
    expect(registryDigest({ RepoDigests: ['<none>@<none>'] }, 'nginx')).toBeUndefined();
    expect(registryDigest({ RepoDigests: [`other@${digest('1')}`] }, 'nginx')).toBeUndefined();
    expect(registryDigest({ RepoDigests: [`nginx@${digest('1')}`, `nginx@${digest('2')}`] }, 'nginx')).toBeUndefined();
  });
});

describe('isTagged', () => {
  it('knows a reference in whatever form it is written', () => {
    const RepoTags = ['<none>:<none>', 'nginx:latest', 'registry.example:5000/team/web:1.2'];
    for (const reference of ['nginx', 'docker.io/library/nginx:latest', 'registry.example:5000/team/web:1.2'])
      expect(isTagged({ RepoTags }, reference)).toBe(true);
    for (const reference of ['nginx:1', 'team/web:1.2', `nginx@${digest('1')}`, '<none>:<none>', 'a'.repeat(64)])
      expect(isTagged({ RepoTags }, reference)).toBe(false);
    expect(isTagged({ RepoTags: null }, 'nginx')).toBe(false);
  });
});
