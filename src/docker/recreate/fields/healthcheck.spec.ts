import { describe, expect, it } from '@jest/globals';
import { userHealthcheck } from './healthcheck.js';

describe('userHealthcheck', () => {
  const image = { Test: ['CMD', 'check'], Interval: 5, Timeout: 3, StartPeriod: 1, Retries: 2 };

  it.each([
    ['nothing set', image, image, undefined],
    ['the interval', { ...image, Interval: 9 }, image, { Interval: 9 }],
    ['the interval during the start', { ...image, StartInterval: 9 }, image, { StartInterval: 9 }],
    ['the test', { ...image, Test: ['CMD-SHELL', 'mine'] }, image, { Test: ['CMD-SHELL', 'mine'] }],
    ['none wanted', { ...image, Test: ['NONE'] }, image, { Test: ['NONE'] }],
    ['all, of an image without', image, undefined, image],
    ['zeros and nulls', { Test: null, Interval: 0 }, undefined, undefined],
    ['a field of the future', { ...image, Future: 1 }, image, { Future: 1 }],
    ['none at all', null, undefined, undefined],
  ])('%s', (_, container, from, expected) => {
    expect(userHealthcheck(container, from)).toEqual(expected);
  });
});
