import { describe, expect, it } from '@jest/globals';
import * as oracle from '@swimlane/docker-reference';
import fc from 'fast-check';
import {
  canonicalReference,
  formatImageReference,
  imageReferenceIn,
  InvalidImageReference,
  isPinned,
  parseImageReference,
  pullParameters,
  repositoryIn,
  repositoryOf,
} from './image-reference.js';

const hex = (length: number) => 'a1b2c3d4'.repeat(length / 8);
const sha256 = `sha256:${hex(64)}`;
const imageId = `sha256:abcdef123456${'0'.repeat(52)}`;

describe('parseImageReference', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['me/app', 'docker.io/me/app:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['docker.io/me/app', 'docker.io/me/app:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/me/app:v1', 'docker.io/me/app:v1'],
    ['ghcr.io/me/app', 'ghcr.io/me/app:latest'],
    ['ghcr.io/app', 'ghcr.io/app:latest'],
    ['host:5000/app', 'host:5000/app:latest'],
    ['host:5000/app:v1', 'host:5000/app:v1'],
    ['host:5000', 'docker.io/library/host:5000'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost', 'docker.io/library/localhost:latest'],
    ['localhosts/app', 'docker.io/localhosts/app:latest'],
    ['Registry/app', 'Registry/app:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest'],
    ['[2001:db8::1]/app:v1', '[2001:db8::1]/app:v1'],
    ['xn--n3h.com/app', 'xn--n3h.com/app:latest'],
    ['me/a.b_c__d---e', 'docker.io/me/a.b_c__d---e:latest'],
    [`app@${sha256}`, `docker.io/library/app@${sha256}`],
    [`host:5000/app:v1@${sha256}`, `host:5000/app:v1@${sha256}`],
    [`app@sha512:${hex(128)}`, `docker.io/library/app@sha512:${hex(128)}`],
    ['abcdef123456', 'docker.io/library/abcdef123456:latest'],
    [`me/${hex(64)}`, `docker.io/me/${hex(64)}:latest`],
  ])('reads %s', (text, canonical) => {
    expect(formatImageReference(parseImageReference(text))).toBe(canonical);
  });

  it.each([
    ['', 'it is empty'],
    [' nginx', 'separators'],
    ['nginx\n', 'separators'],
    ['Nginx', 'lower case'],
    ['me/App', 'lower case'],
    ['ghcr.io/Me/app', 'lower case'],
    ['nginx:', 'the tag'],
    ['nginx:-v', 'the tag'],
    ['nginx:.v', 'the tag'],
    ['nginx:a:b', 'the tag'],
    ['nginx:é', 'the tag'],
    [`nginx:${'t'.repeat(129)}`, 'the tag'],
    [`app@${sha256.toUpperCase()}`, 'what follows the @'],
    ['app@sha256:abc', 'what follows the @'],
    [`app@md5:${hex(32)}`, 'what follows the @'],
    ['app@', 'what follows the @'],
    [`app@${sha256}:v1`, 'what follows the @'],
    ['ghcr.io/', 'each part'],
    ['ghcr.io//app', 'each part'],
    ['/app', 'each part'],
    ['app/', 'each part'],
    ['me/-app', 'each part'],
    ['me/app_', 'each part'],
    ['me/a..b', 'each part'],
    ['me/a___b', 'each part'],
    ['https://ghcr.io/app', 'registry'],
    ['ghcr.io:/app', 'registry'],
    ['-a.io/app', 'registry'],
    ['a.-b.io/app', 'registry'],
    ['[::1/app', 'registry'],
    ['[fe80::1%25eth0]/app', 'registry'],
    ['my_registry.local/app', 'registry'],
    [hex(64), 'id of an image'],
    [sha256, 'id of an image'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseImageReference(text)).toThrow(InvalidImageReference);
    expect(() => parseImageReference(text)).toThrow(reason);
  });

  it('keeps tag and digest', () => {
    expect(parseImageReference(`app:v1@${sha256}`)).toEqual({
      domain: 'docker.io',
      path: 'library/app',
      tag: 'v1',
      digest: sha256,
    });
  });

  it('knows the limits', () => {
    expect(parseImageReference(`ghcr.io/${'a'.repeat(255)}:${'t'.repeat(128)}`).path).toHaveLength(255);
    expect(() => parseImageReference(`ghcr.io/${'a'.repeat(256)}`)).toThrow('longer than 255');
    expect(() => parseImageReference('a'.repeat(248))).toThrow('longer than 255');
  });

  it('quotes the text, shortened', () => {
    expect(() => parseImageReference('A"')).toThrow('"A\\"" is not an image reference');
    const { message } = attempt(() => parseImageReference('-'.repeat(100_000))) as Error;
    expect(message.length).toBeLessThan(600);
  });

  it('is quick whatever it is given', () => {
    const begin = performance.now();
    for (const part of ['a', 'a-', '_', 'a.', '[:', '1:', 'A-', '@'])
      attempt(() => parseImageReference(part.repeat(50_000) + '!/x'));
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  it('agrees with @swimlane/docker-reference', () => {
    fc.assert(
      fc.property(fc.oneof(anyReference, mutated(anyReference)), (text) => {
        fc.pre(!oracleIsWrong(text));
        expect(ours(text)).toEqual(theirs(text));
      }),
      { numRuns: 3000 },
    );
  });

  it('throws nothing but InvalidImageReference', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), mutated(anyReference)), (text) => {
        const result = attempt(() => parseImageReference(text));
        if (result instanceof Error) expect(result).toBeInstanceOf(InvalidImageReference);
      }),
    );
  });

  it('reads what it formats', () => {
    fc.assert(
      fc.property(anyReference, (text) => {
        const reference = attempt(() => parseImageReference(text));
        fc.pre(!(reference instanceof Error));
        expect(parseImageReference(formatImageReference(reference))).toEqual(reference);
      }),
    );
  });
});

describe('pullParameters', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx', 'latest'],
    ['host:5000/app:v1', 'host:5000/app', 'v1'],
    [`app:v1@${sha256}`, 'docker.io/library/app', sha256],
  ])('of %s', (text, fromImage, tag) => {
    const reference = parseImageReference(text);
    expect(pullParameters(reference)).toEqual({ fromImage, tag });
    expect(repositoryOf(reference)).toBe(fromImage);
  });
});

describe('isPinned', () => {
  it.each([
    [`nginx@${sha256}`, true],
    [`nginx:1@${sha256}`, true],
    [imageId, true],
    [sha256, true],
    [hex(64), true],
    ['abcdef123456', true],
    ['abcdef1234560', true],
    ['sha256:abcdef123456', true],
    ['abcdef123457', false],
    ['ABCDEF123456', false],
    ['sha256:abcdef123457', false],
    ['abcdef12345', false],
    ['ab', false],
    ['abcdef123456:latest', false],
    ['me/abcdef123456', false],
    ['nginx', false],
    ['host:5000/app', false],
  ])('%s: %s', (image, expected) => {
    expect(isPinned(image, imageId)).toBe(expected);
  });
});

// Short parts: the oracle's patterns take exponential time to refuse long ones.
const lower = fc.string({ unit: fc.constantFrom('a', 'z', '0'), minLength: 1, maxLength: 2 });
const component = fc
  .tuple(
    lower,
    optional(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), lower).map(([separator, tail]) => separator + tail)),
  )
  .map((parts) => parts.join(''));
const domain = fc.oneof(
  fc.constantFrom(
    'docker.io',
    'index.docker.io',
    'localhost',
    'localhost:5000',
    '127.0.0.1',
    'ghcr.io',
    'A.io',
    '[::1]:5000',
    'Host',
  ),
  fc.tuple(component, fc.integer({ min: 0, max: 99_999 })).map(([host, port]) => `${host}:${port}`),
);
const tag = fc.stringMatching(/^[aZ0_][aZ0_.-]{0,5}$/);
const digest = fc
  .tuple(fc.constantFrom('sha256', 'sha384', 'sha512', 'md5'), fc.constantFrom(32, 64, 96, 128))
  .map(([algorithm, length]) => `${algorithm}:${hex(length)}`);
const anyReference = fc
  .tuple(
    optional(domain, '', '/'),
    fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    optional(tag, ':'),
    optional(digest, '@'),
  )
  .map((parts) => parts.join(''));

function optional(part: fc.Arbitrary<string>, before = '', after = ''): fc.Arbitrary<string> {
  return fc.option(part).map((value) => (value === null ? '' : before + value + after));
}

/** The text with one character put in, or one taken out. */
function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(text, fc.nat(), fc.constantFrom('', '/', ':', '@', '.', '_', '-', 'A', ' ', 'é', '['))
    .map(([value, position, put]) => {
      const at = position % (value.length + 1);
      return value.slice(0, at) + put + value.slice(put ? at : at + 1);
    });
}

/** Where the oracle departs from distribution/reference, or we do on purpose. */
function oracleIsWrong(text: string): boolean {
  const first = text.includes('/') ? text.slice(0, text.indexOf('/')) : '';
  return (
    // It does not know IPv6 addresses,
    text.includes('[') ||
    // nor that an upper-case first component is a host,
    (/[A-Z]/.test(first) && !/[.:]/.test(first)) ||
    // it takes an image id for the repository sha256,
    /^sha(256|384|512):[a-f0-9]{64,}$/.test(text) ||
    // digests may be in upper case for it,
    /@.*[A-F]/.test(text) ||
    // it lets the domain count towards the length of the repository,
    text.length > 250 ||
    // and like the original it takes a first component that is no host for a path without a registry.
    (/[.:]/.test(first) && /[_]/.test(first))
  );
}

function ours(text: string): object | string {
  const result = attempt(() => parseImageReference(text));
  return result instanceof Error ? 'refused' : result;
}

function theirs(text: string): object | string {
  const result = attempt(() => oracle.parseFamiliarName(text));
  if (result instanceof Error) return 'refused';
  const { domain, repository: path, tag, digest } = result;
  const version = { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
  return { domain, path, ...((tag ?? digest) ? version : { tag: 'latest' }) };
}

function attempt<T>(action: () => T): T | Error {
  try {
    return action();
  } catch (error) {
    return error as Error;
  }
}

describe('a text that may be no image reference', () => {
  it('is the reference that it is', () => {
    expect(imageReferenceIn('nginx')).toEqual(parseImageReference('nginx'));
    expect(canonicalReference('nginx')).toBe('docker.io/library/nginx:latest');
    expect(repositoryIn('ghcr.io/me/app:v1')).toBe('ghcr.io/me/app');
  });

  it.each(['<none>:<none>', '', imageId, 'Me/App:Latest!'])('names nothing as %p', (text) => {
    expect(imageReferenceIn(text)).toBeUndefined();
    expect(canonicalReference(text)).toBeUndefined();
    expect(repositoryIn(text)).toBeUndefined();
  });
});

describe(InvalidImageReference.name, () => {
  it('quotes what is wrong, shortened', () => {
    expect(new InvalidImageReference('x'.repeat(300), 'why').message).toBe(
      `"${'x'.repeat(300)}" is not an image reference: why`,
    );
    expect(new InvalidImageReference('x'.repeat(301), 'why').message).toBe(
      `"${'x'.repeat(300)}…" is not an image reference: why`,
    );
  });
});
