import { describe, expect, it } from '@jest/globals';
import { affordableConnections } from './open-files.js';

describe('affordableConnections', () => {
  it.each([
    ['1048576              1048576', 10_000, 10_000],
    ['256                  256    ', 10_000, 128],
    ['100                  100    ', 10_000, 10],
    ['unlimited            unlimited', 10_000, 10_000],
  ])('with %s open files and %i wanted, is %i', (files, wanted, expected) => {
    expect(
      affordableConnections(wanted, `Max processes  1  1\nMax open files            ${files}            files\n`),
    ).toBe(expected);
  });

  it('is what is wanted when nobody knows', () => {
    expect(affordableConnections(20, '')).toBe(20);
  });
});
