import { describe, expect, it } from '@jest/globals';
import { compareApiVersions, negotiateApiVersion } from './api-version.js';

describe('negotiateApiVersion', () => {
  it.each([
    ['1.41', '1.12', '1.41'],
    ['1.45', '1.24', '1.45'],
    ['1.51', '1.24', '1.51'],
    ['1.55', '1.44', '1.51'],
  ])('takes the highest that both know: engine %s (from %s) → %s', (ApiVersion, MinAPIVersion, expected) => {
    expect(negotiateApiVersion({ ApiVersion, MinAPIVersion })).toBe(expected);
  });

  it.each([
    ['1.40', '1.12'],
    ['1.99', '1.60'],
  ])('says so where there is none: engine %s (from %s)', (ApiVersion, MinAPIVersion) => {
    expect(() => negotiateApiVersion({ ApiVersion, MinAPIVersion })).toThrow('needs Docker Engine 20.10 or later');
  });
});

describe('compareApiVersions', () => {
  it('compares numbers, not texts', () => {
    expect(compareApiVersions('1.9', '1.41')).toBeLessThan(0);
    expect(compareApiVersions('1.51', '1.51')).toBe(0);
  });
});
