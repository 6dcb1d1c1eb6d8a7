import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { printable, printableDeep, printableJson, printableLines } from './printable.js';

const hostile = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;

describe('printable', () => {
  it.each([
    ['web', 'web'],
    ['größer 日本 😀', 'größer 日本 😀'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b[2J\u001b]8;;http://evil\u001b\\link', 'link'],
    ['\u001bc', '\\u001bc'],
    ['a\nb\r\nc', 'a\\nb\\r\\nc'],
    ['a\tb', 'a b'],
    ['user\u202egnp.exe', 'user\\u202egnp.exe'],
    ['\u2066x\u2069\u200e\u200f', '\\u2066x\\u2069\\u200e\\u200f'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['\u009b31m\u007f\u0000', '\\u009b31m\\u007f\\u0000'],
  ])('makes %j into %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('leaves nothing unprintable in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(hostile);
        expect(printableLines(text).replaceAll('\n', '')).not.toMatch(hostile);
        expect(JSON.parse(printableJson({ text }))).toEqual({ text: printable(text) });
      }),
      { numRuns: 200 },
    );
  });

  it('takes time in proportion to the text', () => {
    const started = performance.now();
    printable('\u001b['.repeat(200_000) + '\u001b]'.repeat(200_000) + '1;'.repeat(200_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('reaches into values and names, and keeps the lines of a stack trace', () => {
    expect(printableDeep({ 'a\u202e': ['b\n', 1, null, { stack: 'Error\u001b[0m\n    at x' }] })).toEqual({
      'a\\u202e': ['b\\n', 1, null, { stack: 'Error\n    at x' }],
    });
  });

  it('writes what is printable as JSON.stringify does', () => {
    const value = { path: 'C:\\new', quote: '"', list: [1, 'two'], none: undefined };
    expect(printableJson(value)).toBe(JSON.stringify(value));
  });

  it('keeps the line breaks of what a HEALTHCHECK printed, and nothing else of it', () => {
    expect(printableDeep({ healthOutput: 'not yet\n\u202eno', message: 'a\nb' })).toEqual({
      healthOutput: 'not yet\n\\u202eno',
      message: 'a\\nb',
    });
  });
});
