import { expect, it } from '@jest/globals';
import { parseSizeBytes } from './size.js';

it.each([
  ['0', 0],
  ['1024', 1024],
  ['500MB', 500_000_000],
  ['2.5 GB', 2_500_000_000],
  ['1g', 1_000_000_000],
  ['12kB', 12_000],
  ['', undefined],
  ['much', undefined],
  ['1e9', undefined],
  ['-1MB', undefined],
])('reads %p as %p bytes', (text, bytes) => {
  expect(parseSizeBytes(text)).toBe(bytes);
});
