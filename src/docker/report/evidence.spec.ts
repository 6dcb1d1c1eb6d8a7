import { describe, expect, it } from '@jest/globals';
import { lastLines } from '../engine/last-lines.js';

describe('lastLines', () => {
  it('takes the last ones that are not empty', () => {
    expect(lastLines('one\r\ntwo\n\nthree\n', 2)).toEqual(['two', 'three']);
    expect(lastLines('', 2)).toEqual([]);
  });

  it('is bounded, however long the lines are', () => {
    expect(lastLines('x'.repeat(10_000), 5)).toEqual(['x'.repeat(500)]);
    const many = lastLines(Array.from({ length: 200 }, (_, index) => `${index} ${'é'.repeat(600)}`).join('\n'), 200);
    expect(Buffer.byteLength(many.join(''))).toBeLessThanOrEqual(16 * 1024);
    expect(many).toHaveLength(16);
    expect(many.at(-1)).toMatch(/^199 /);
  });
});
