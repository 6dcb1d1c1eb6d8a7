import { describe, expect, it } from '@jest/globals';
import { isShortId } from './hostname.js';

describe('isShortId', () => {
  it.each([
    ['0123456789ab', true],
    ['deadbeefcafe', true],
    ['123456789012', false],
    ['0123456789abc', false],
    ['web', false],
  ])('%s: %s', (hostname, is) => {
    expect(isShortId(hostname)).toBe(is);
  });
});
