import { describe, expect, it } from '@jest/globals';
import { parseDurationMs } from './duration.js';

describe('parseDurationMs', () => {
  it.each([
    ['5s', 5000],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['2.5s', 2500],
    ['1h', 3_600_000],
    ['30', 30_000],
    ['0', 0],
    [' 5s ', 5000],
  ])('reads %p as %p ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(['', 's', '5 s', '-5s', '5d', 'soon', '1e3', '5s!'])('takes %p for no duration', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });
});
