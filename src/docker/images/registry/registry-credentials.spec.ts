import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseImageReference } from '../image-reference.js';
import {
  encodeRegistryAuth,
  findCredentials,
  UnusableRegistryConfig,
  type FoundCredentials,
  type NeededHelper,
  type RegistryCredentials,
} from './registry-credentials.js';

const hub = 'https://index.docker.io/v1/';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const entry = (user: string, password = 'secret') => ({ auth: base64(`${user}:${password}`) });

function lookUp(config: unknown, image: string): FoundCredentials | NeededHelper | undefined {
  return findCredentials(typeof config === 'string' ? config : JSON.stringify(config), parseImageReference(image));
}

function find(config: unknown, image: string): FoundCredentials | undefined {
  const found = lookUp(config, image);
  if (found && 'helper' in found) throw new Error(`there is a helper: ${found.helper}`);
  return found;
}

function problemOf(config: unknown, image: string): string {
  try {
    find(config, image);
  } catch (error) {
    expect(error).toBeInstanceOf(UnusableRegistryConfig);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('findCredentials', () => {
  it.each([
    ['ghcr.io', 'ghcr.io/me/app'],
    ['https://ghcr.io', 'ghcr.io/me/app'],
    ['http://ghcr.io', 'ghcr.io/me/app'],
    ['https://ghcr.io/', 'ghcr.io/me/app'],
    ['https://ghcr.io/v2/', 'ghcr.io/me/app'],
    ['ghcr.io/v1/', 'ghcr.io/me/app'],
    ['ghcr.io/someone/else', 'ghcr.io/me/app'],
    ['https://ghcr.io:', 'ghcr.io/me/app'],
    ['https://registry:5000/v2/', 'registry:5000/app'],
    ['127.0.0.1:5000', '127.0.0.1:5000/app'],
    ['https://[::1]:5000', '[::1]:5000/app'],
    ['https://registry:443', 'registry:443/app'],
    ['Registry', 'Registry/app'],
    [hub, 'nginx'],
    [hub, 'me/app'],
    [hub, 'index.docker.io/me/app'],
    ['https://index.docker.io/v1', 'docker.io/me/app'],
    ['index.docker.io', 'nginx'],
    ['docker.io', 'nginx'],
    ['https://docker.io', 'nginx'],
  ])('the key %s serves %s', (key, image) => {
    const found = find({ auths: { 'other.io': entry('other'), [key]: entry('me') } }, image);
    expect(found).toMatchObject({ key, credentials: { username: 'me', password: 'secret' } });
  });

  it.each([
    ['ghcr.io:443', 'ghcr.io/me/app'],
    ['https://ghcr.io:443', 'ghcr.io/me/app'],
    ['ghcr.io', 'ghcr.io:443/me/app'],
    ['registry:5000', 'registry:5001/app'],
    ['example.com', 'registry.example.com/app'],
    ['registry.example.com', 'example.com/app'],
    ['ghcr.io.evil.com', 'ghcr.io/app'],
    ['https://ghcr.io@evil.com', 'ghcr.io/app'],
    ['https://evil.com/ghcr.io', 'ghcr.io/app'],
    ['https://evil.com?ghcr.io', 'ghcr.io/app'],
    ['GHCR.io', 'ghcr.io/app'],
    ['*', 'ghcr.io/app'],
    ['', 'ghcr.io/app'],
    ['docker.io', 'ghcr.io/app'],
    [hub, 'ghcr.io/app'],
    ['ghcr.io', 'nginx'],
    ['localhost', 'nginx'],
    ['__proto__', 'nginx'],
    ['registry-1.docker.io', 'nginx'],
  ])('the key %s does not serve %s', (key, image) => {
    expect(find(`{"auths":{${JSON.stringify(key)}:${JSON.stringify(entry('me'))}}}`, image)).toBeUndefined();
  });

  it('prefers the exact key, wherever it stands', () => {
    const auths = { 'https://ghcr.io': entry('prefixed'), 'ghcr.io': entry('exact'), 'ghcr.io/v2/': entry('path') };
    expect(find({ auths }, 'ghcr.io/app')?.credentials).toMatchObject({ username: 'exact' });
  });

  it('stays with an exact key that carries nothing, as the Docker CLI does', () => {
    expect(find({ auths: { 'ghcr.io': {}, 'https://ghcr.io': entry('me') } }, 'ghcr.io/app')).toBeUndefined();
  });

  it('passes over entries that carry nothing among those of the same host', () => {
    const auths = { 'http://ghcr.io': {}, 'https://ghcr.io': entry('me') };
    expect(find({ auths }, 'ghcr.io/app')?.key).toBe('https://ghcr.io');
  });

  it.each<[string, object, object]>([
    ['auth', entry('me', 'a:b:c'), { username: 'me', password: 'a:b:c' }],
    ['auth with an empty password', entry('me', ''), { username: 'me', password: '' }],
    ['auth padded with NULs', { auth: base64('me:secret\0\0') }, { username: 'me', password: 'secret' }],
    ['auth with line breaks', { auth: 'bWU6\r\nc2Vj\ncmV0' }, { username: 'me', password: 'secret' }],
    ['username and password', { username: 'me', password: 'secret' }, { username: 'me', password: 'secret' }],
    ['a username alone', { username: 'me' }, { username: 'me', password: '' }],
    [
      'auth over username and password',
      { ...entry('me'), username: 'x', password: 'y' },
      { username: 'me', password: 'secret' },
    ],
    ['an empty auth', { auth: '', username: 'me', password: 'secret' }, { username: 'me', password: 'secret' }],
    ['an identity token alone', { identitytoken: 'jwt' }, { identitytoken: 'jwt' }],
    [
      'the identity token of an Azure registry',
      { ...entry('00000000-0000-0000-0000-000000000000', ''), identitytoken: 'jwt' },
      { identitytoken: 'jwt' },
    ],
    ['a registry token', { ...entry('me'), registrytoken: 'bearer' }, { registrytoken: 'bearer' }],
    ['nulls', { auth: null, username: 'me', password: null }, { username: 'me', password: '' }],
  ])('reads %s', (_, fields, expected) => {
    expect(find({ auths: { 'ghcr.io': fields } }, 'ghcr.io/app')).toEqual({
      key: 'ghcr.io',
      credentials: { ...expected, serveraddress: 'ghcr.io' },
    });
  });

  it('names Docker Hub as its clients do', () => {
    expect(find({ auths: { 'docker.io': entry('me') } }, 'nginx')?.credentials.serveraddress).toBe(hub);
  });

  it.each([
    ['', 'an empty file'],
    [' \n', 'a blank file'],
    ['{}', 'an empty object'],
    ['null', 'null'],
    ['{"auths":null}', 'no entries'],
    ['{"auths":{"ghcr.io":{}}}', 'an empty entry'],
    ['{"auths":{"ghcr.io":null}}', 'a null entry'],
    ['{"auths":{"ghcr.io":{"email":"me@example.com"}}}', 'an entry of another purpose'],
    ['{"auths":{"other.io":{"auth":"!"}}}', "a broken entry of another registry's"],
    ['{"credsStore":"desktop","credHelpers":{"ghcr.io":""},"auths":{"ghcr.io":{}}}', 'a helper switched off'],
    ['{"credHelpers":{"gcr.io":"gcloud"}}', 'a helper of another registry'],
  ])('%s: anonymous (%s)', (config) => {
    expect(find(config, 'ghcr.io/app')).toBeUndefined();
  });

  it.each<[unknown, string]>([
    ['{"auths":{"ghcr.io":{"auth":"c2VjcmV0', 'not valid JSON'],
    ['[]', 'not a JSON object'],
    ['"secret"', 'not a JSON object'],
    [{ auths: ['secret'] }, '"auths" is not a JSON object'],
    [{ auths: { 'ghcr.io': 'secret' } }, 'the entry ghcr.io is not a JSON object'],
    [{ auths: { 'ghcr.io': { auth: ['secret'] } } }, '"auth" of the entry ghcr.io is not a string'],
    [{ auths: { 'ghcr.io': { auth: base64('secret') } } }, 'not the base64 of user:password'],
    [{ auths: { 'ghcr.io': { auth: base64(':secret') } } }, 'not the base64 of user:password'],
    [{ auths: { 'ghcr.io': { auth: 'secret:secret' } } }, 'not the base64 of user:password'],
    [
      { auths: { 'ghcr.io': { auth: base64('me:secret').replace(/=+$/, '') + '_' } } },
      'not the base64 of user:password',
    ],
    [{ auths: { 'ghcr.io': { password: 'secret' } } }, 'a password but no username'],
    [{ auths: { 'https://me:secret@ghcr.io': { password: 'x' } } }, 'the entry https://ghcr.io has'],
  ])('refuses %j without giving anything of it away', (config, problem) => {
    const message = problemOf(config, 'ghcr.io/app');
    expect(message).toContain(problem);
    expect(message).not.toMatch(/secret|c2Vj/);
  });

  it.each<[object, string, string, boolean]>([
    [{ credHelpers: { 'gcr.io': 'gcloud' } }, 'gcr.io/app', 'gcloud', true],
    [{ credHelpers: { [hub]: 'pass' } }, 'nginx', 'pass', true],
    [{ credsStore: 'desktop', auths: { [hub]: {} } }, 'nginx', 'desktop', true],
    [{ credsStore: 'desktop', auths: { 'https://gcr.io': {} } }, 'gcr.io/app', 'desktop', true],
    [{ credsStore: 'desktop' }, 'gcr.io/app', 'desktop', false],
    [{ credsStore: 'desktop', auths: { 'other.io': {} } }, 'gcr.io/app', 'desktop', false],
    [
      { credsStore: 'desktop', credHelpers: { 'gcr.io': 'gcloud' }, auths: { 'gcr.io': {} } },
      'gcr.io/app',
      'gcloud',
      true,
    ],
  ])('%j: for %s the helper %s is asked, which must be there: %p', (config, image, helper, isRequired) => {
    expect(lookUp(config, image)).toMatchObject({ helper, isRequired });
  });

  it.each(['../evil', 'a/b', 'a b', '-x', 'a;b', ''.padEnd(101, 'a')])('runs nothing that is called %p', (helper) => {
    expect(problemOf({ credHelpers: { 'gcr.io': helper } }, 'gcr.io/app')).toContain('a name that no helper can have');
  });

  it('lets an entry with credentials win over a helper', () => {
    const config = { credsStore: 'desktop', credHelpers: { 'gcr.io': 'gcloud' }, auths: { 'gcr.io': entry('me') } };
    expect(find(config, 'gcr.io/app')?.credentials).toMatchObject({ username: 'me' });
  });

  it('shows no credentials in the key', () => {
    expect(find({ auths: { 'https://me:secret@ghcr.io/v2/': entry('me') } }, 'ghcr.io/app')?.key).toBe(
      'https://ghcr.io/v2/',
    );
  });

  it('reads whatever user and password there are', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => Buffer.from(value).toString() === value);
    fc.assert(
      fc.property(text, text, fc.boolean(), (user, password, isEncoded) => {
        fc.pre(user !== '');
        fc.pre(!isEncoded || (!user.includes(':') && !/^\0|\0$/.test(password)));
        const fields = isEncoded ? entry(user, password) : { username: user, password };
        expect(find({ auths: { 'ghcr.io': fields } }, 'ghcr.io/app')?.credentials).toEqual({
          username: user,
          password,
          serveraddress: 'ghcr.io',
        });
      }),
    );
  });

  it('finds the entry of the registry in any form, and never that of another', () => {
    const entries = fc.uniqueArray(fc.record({ name: host, form }), {
      minLength: 1,
      maxLength: 8,
      selector: ({ name }) => name,
    });
    fc.assert(
      fc.property(entries, fc.nat(), (all, pick) => {
        const wanted = all[pick % all.length]?.name ?? '';
        const isOwner = (name: string) => name === wanted || (isHub(name) && isHub(wanted));
        const configOf = (chosen: typeof all) => ({
          auths: Object.fromEntries(chosen.map(({ name, form }) => [form(name), entry('me', name)])),
        });
        const found = find(configOf(all), `${wanted}/me/app`)?.credentials as { password: string };
        expect(isOwner(found.password)).toBe(true);
        expect(find(configOf(all.filter(({ name }) => !isOwner(name))), `${wanted}/me/app`)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('throws nothing else, whatever the file is', () => {
    const anyConfig = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .record({ auths: fc.dictionary(fc.constantFrom('ghcr.io', 'https://ghcr.io'), fc.jsonValue()) })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(anyConfig, (text) => {
        try {
          lookUp(text, 'ghcr.io/app');
        } catch (error) {
          expect(error).toBeInstanceOf(UnusableRegistryConfig);
        }
      }),
    );
  });
});

describe('encodeRegistryAuth', () => {
  it('is base64url with its padding', () => {
    const credentials = { username: 'ÿ>?', password: 'ÿÿÿ?>~', serveraddress: 'ghcr.io' };
    const encoded = encodeRegistryAuth(credentials);
    expect(encoded).toMatch(/^[\w-]+={0,2}$/);
    expect(encoded.length % 4).toBe(0);
  });

  it('gives back what it was given', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (username, password) => {
        const credentials: RegistryCredentials = { username, password, serveraddress: 'ghcr.io' };
        const encoded = encodeRegistryAuth(credentials);
        expect(encoded).toMatch(/^[\w-]+={0,2}$/);
        expect(encoded.length % 4).toBe(0);
        expect(JSON.parse(Buffer.from(encoded, 'base64url').toString())).toEqual(credentials);
      }),
    );
  });
});

const host = fc.constantFrom(
  'ghcr.io',
  'ghcr.io:443',
  'ghcr.io:5000',
  'my.ghcr.io',
  'localhost',
  'localhost:5000',
  '127.0.0.1:5000',
  '[::1]:5000',
  'Registry',
  'docker.io',
  'index.docker.io',
);
const form = fc.constantFrom<(name: string) => string>(
  (name) => name,
  (name) => `https://${name}`,
  (name) => `http://${name}/`,
  (name) => `https://${name}/v1/`,
  (name) => `https://${name}/v2/`,
  (name) => `${name}/v1/`,
  (name) => `${name}/me/app`,
);

function isHub(name: string): boolean {
  return name === 'docker.io' || name === 'index.docker.io';
}
