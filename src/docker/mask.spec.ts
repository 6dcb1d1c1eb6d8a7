import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { environmentValues, formsOf, mask } from './mask.js';

describe('mask', () => {
  it.each([
    ['password=s3cr3t-value!', ['s3cr3t-value'], 'password=***!'],
    ['nothing to see', ['s3cr3t-value'], 'nothing to see'],
    ['s3cr3t-values3cr3t-value', ['s3cr3t-value'], '***'],
    ['abcdefghijkl', ['abcdefgh', 'efghijkl'], '***'],
    ['abcabcabca', ['abcabca'], '***'],
    ['the short one: pw', ['pw'], 'the short one: ***'],
    ['the end of it: …cr3t-value and more', ['s3cr3t-value'], 'the end of it: …cr3t-value and more'],
    ['cr3t-value was cut before', ['s3cr3t-value'], '*** was cut before'],
    ['it was cut after s3cr3t-v', ['s3cr3t-value'], 'it was cut after ***'],
    ['a.c', ['abc', '.*'], 'a.c'],
    ['', ['s3cr3t-value'], ''],
    ['text', ['', 'other'], 'text'],
  ])('makes of %p without %p: %p', (text, secrets, masked) => {
    expect(mask(text, secrets)).toBe(masked);
  });

  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 });
  const secrets = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 12 }), {
    maxLength: 5,
  });

  it('shows no character that belongs to a secret, and each that belongs to none', () => {
    fc.assert(
      fc.property(letters, secrets, (text, hidden) => {
        const covered = Array.from(text, () => false);
        const cover = (start: number, length: number): void => {
          covered.fill(true, start, start + length);
        };
        for (const secret of hidden) {
          for (let at = 0; at <= text.length; at++) if (text.startsWith(secret, at)) cover(at, secret.length);
          for (let length = 8; length < secret.length; length++) {
            if (text.startsWith(secret.slice(-length))) cover(0, length);
            if (text.endsWith(secret.slice(0, length))) cover(text.length - length, length);
          }
        }
        const expected = Array.from(text, (character, index) => (covered[index] ? '*' : character)).join('');
        expect(mask(text, hidden)).toBe(expected.replace(/\*+/g, '***'));
      }),
    );
  });

  it('shows nothing of a secret, wherever it stands and whatever is around it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 8 }), fc.string(), (before, secret, after) => {
        fc.pre(!before.includes(secret) && !after.includes(secret) && !'***'.includes(secret));
        const masked = mask(`${before}\n${secret}\n${after}`, [secret]);
        expect(masked).toContain('***');
        expect(masked.replaceAll('***', '\u{10ffff}')).not.toContain(secret);
      }),
    );
  });
});

describe('formsOf', () => {
  it('knows a value as JSON has it, and each long line of it', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\nshort\n-----END KEY-----';
    expect(formsOf(key)).toEqual([
      key,
      key.replaceAll('\n', '\\n'),
      '-----BEGIN KEY-----',
      'MIIEvQIBADANBg',
      '-----END KEY-----',
    ]);
    expect(formsOf('say "hello"')).toEqual(['say "hello"', 'say \\"hello\\"']);
    expect(formsOf('plain-value')).toEqual(['plain-value']);
    expect(formsOf('')).toEqual([]);
  });
});

describe('environmentValues', () => {
  it('takes the values of 8 characters or more', () => {
    expect(environmentValues(['A=1234567', 'B=12345678', 'URL=https://u:p@host/?a=b', 'EMPTY=', 'BARE'])).toEqual([
      '12345678',
      'https://u:p@host/?a=b',
    ]);
  });
});
