import { describe, expect, it } from '@jest/globals';
import { isComplete } from './image-completeness.js';

describe('isComplete', () => {
  const empty = { Cmd: null, Env: null, Labels: null };

  it.each([
    ['an image', { Config: { Env: ['A=1'] }, Os: 'linux', Architecture: 'amd64' }],
    ['one that sets nothing', { Config: empty, Os: 'linux', Architecture: 'amd64' }],
    ['one of an engine that tells no platform', { Config: empty }],
  ])('is true of %s', (_, image) => {
    expect(isComplete(image)).toBe(true);
  });

  it.each([
    ['without Config', { Os: 'linux', Architecture: 'amd64' }],
    ['with Config null', { Config: null, Os: 'linux', Architecture: 'amd64' }],
    ['with an empty one, and without a platform', { Config: empty, Os: '', Architecture: '' }],
  ])('is false of one %s', (_, image) => {
    expect(isComplete(image)).toBe(false);
  });
});
