import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mask, masker } from './mask.js';

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

describe('the forms of a secret', () => {
  const secret = 'p@ss/w0rd"ünd\\mehr';
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it.each([
    ['in JSON', JSON.stringify({ secret })],
    ['in JSON within JSON', JSON.stringify(JSON.stringify({ secret }))],
    ['in JSON of PHP', JSON.stringify({ secret }).replaceAll('/', '\\/')],
    ['in JSON of Python', JSON.stringify({ secret }).replaceAll('ü', '\\u00fc')],
    ['in JSON of Go', JSON.stringify({ secret }).replaceAll('@', '\\u0040')],
    ['as the bytes of Python', `b'${secret.replaceAll('\\', '\\\\').replaceAll('ü', '\\xc3\\xbc')}'`],
    ['URL-encoded', `?a=${encodeURIComponent(secret)}&b`],
    ['URL-encoded in lower case', `?a=${encodeURIComponent(secret).toLowerCase()}&b`],
    ['URL-encoded for a path', encodeURI(secret)],
    ['URL-encoded in JSON', JSON.stringify({ url: `?${encodeURIComponent(secret)}` })],
    ['in HTML', `<p>${secret.replaceAll('"', '&#34;').replaceAll('@', '&#x40;')}</p>`],
    ['in base64', `Basic ${base64(`user:${secret}`)}`],
    ['in base64, a byte further', base64(`user1:${secret}\n`)],
    ['in base64, two bytes further', base64(`user12:${secret}, and more`)],
    ['in URL-safe base64', Buffer.from(`xx:${secret}`).toString('base64url')],
    ['in base64 of several lines', base64(`${'x'.repeat(50)}${secret}${'y'.repeat(50)}`).replace(/.{76}/g, '$&\n')],
    ['in base64, URL-encoded', encodeURIComponent(base64(`a:${secret}`))],
  ])('is masked %s', (_, text) => {
    const masked = mask(`before ${text} after`, [secret]);
    expect(masked).toMatch(/^before .*\*\*\*[^]* after$/s);
    for (const part of ['w0rd', 'mehr', 'dzByZ', 'bWVoc', '1laH', 'tZWhy', 'cwcmQ']) expect(masked).not.toContain(part);
  });

  it('leaves the other words of an encoded text', () => {
    const text = JSON.stringify({ url: 'https://host/?q=%2Fpath', secret });
    expect(mask(text, [secret])).toBe('{"url":"https://host/?q=%2Fpath","secret":"***"}');
  });

  it('as base64 hides nothing of the next line', () => {
    const text = `${base64(`user:${secret}`).replace(/=*$/, '')}\nnext line`;
    expect(mask(text, [secret])).toMatch(/\*\*\*\nnext line$/);
  });

  it('are those of each line of several, for logs are cut into lines', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\nshort\n-----END KEY-----';
    expect(mask(`x ${key} y`, [key])).toBe('x *** y');
    expect(mask(JSON.stringify(key), [key])).toBe('"***"');
    expect(mask('the line MIIEvQIBADANBg is bad', [key])).toBe('the line *** is bad');
    expect(mask('short', [key])).toBe('short');
    expect(mask(`got ${key.replaceAll('\n', ' ')}`, [key])).toBe('got ***');
  });

  it.each([
    ['the engine’s ellipsis', 'token s3cr3t-va...', 'token ***...'],
    ['an ellipsis', 'pull of s3cr3t-va… failed; see the log', 'pull of ***… failed; see the log'],
    ['an ellipsis after half a character', 'token s3cr3t-va\ufffd...', 'token ***\ufffd...'],
    ['an ellipsis after half an escape', 'token s3cr3t-va%2...', 'token ***%2...'],
    ['the end', 'token s3cr3t-va', 'token ***'],
    ['an ellipsis, of base64', `Basic ${base64('s3cr3t-value').slice(0, 12)}...`, 'Basic ***...'],
    ['an ellipsis, whole', 'token s3cr3t-value...', 'token ***...'],
  ])('are cut before %s', (_, text, masked) => {
    expect(mask(text, ['s3cr3t-value'])).toBe(masked);
  });
});

describe('the work of masking', () => {
  /** Generous: what it takes is some tenths of a second, and the machine may be busy. */
  const bound = 10_000;

  it.each([
    ['20 values of zeros', Array.from({ length: 20 }, () => '00000000')],
    ['100 values of more and more zeros', Array.from({ length: 100 }, (_, more) => '0'.repeat(8 + more))],
    ['1,000 values of more and more zeros', Array.from({ length: 1000 }, (_, more) => '0'.repeat(8 + more))],
    ['10,000 others', Array.from({ length: 10_000 }, (_, index) => `${'0'.repeat(40)}${index}`)],
  ])('is little for a log of zeros and %s', (_, values) => {
    const began = performance.now();
    expect(mask('0'.repeat(64 * 1024), values)).toBe('***');
    expect(performance.now() - began).toBeLessThan(bound);
  });

  it('is little for a long text of all kinds of escapes', () => {
    const values = Array.from({ length: 10_000 }, (_, index) => `value of variable number ${index}`);
    const hide = masker(values);
    const began = performance.now();
    hide('%25\\\\u0025&amp;...'.repeat(1000));
    hide('%'.repeat(32 * 1024));
    hide('&#'.repeat(16 * 1024));
    expect(hide(`it is ${values[77] ?? ''}!`)).toBe('it is ***!');
    expect(performance.now() - began).toBeLessThan(2 * bound);
  });
});
