import { describe, expect, it } from '@jest/globals';
import { platformToAskFor } from './platform.js';

describe('platformToAskFor', () => {
  it.each([
    ['amd64', undefined, 'amd64', undefined],
    ['arm64', 'v8', 'arm64', undefined],
    ['arm64', 'v8', 'amd64', 'linux/arm64'],
    ['arm', 'v6', 'arm', 'linux/arm/v6'],
    ['arm', 'v5', 'arm', 'linux/arm/v5'],
    ['arm', 'v7', 'arm', undefined],
    ['arm', 'v6', 'arm64', 'linux/arm/v6'],
    ['arm', 'v7', 'amd64', 'linux/arm/v7'],
    ['arm', undefined, 'amd64', 'linux/arm'],
    [undefined, undefined, 'amd64', undefined],
  ])('of an image for %s %s on an engine for %s is %s', (Architecture, Variant, Arch, platform) => {
    expect(platformToAskFor({ Os: 'linux', Architecture, Variant }, { Os: 'linux', Arch })).toBe(platform);
  });
});
