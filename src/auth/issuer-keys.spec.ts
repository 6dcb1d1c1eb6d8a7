import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as jose from 'jose';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IdentityProvider } from '../../test/support/service/identity-provider.js';
import { IssuerKeys, IssuerUnavailable } from './issuer-keys.js';

const discoveryPath = '/.well-known/openid-configuration';

describe('the keys of an issuer', () => {
  let server: Server;
  let url: string;
  let provider: IdentityProvider;
  /** Paths that were asked for, in order. */
  let asked: string[];
  let answer: RequestListener;
  let document: Record<string, unknown>;
  let keySet: { keys: object[] };

  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    provider = await IdentityProvider.create(url);
    document = { issuer: url, jwks_uri: `${url}/keys` };
    keySet = { keys: [provider.publicJwk] };
    answer = (request, response) => {
      response.end(JSON.stringify(request.url === discoveryPath ? document : keySet));
    };
  });
  afterEach(() => {
    jest.restoreAllMocks();
    server.closeAllConnections();
    server.close();
  });

  const verify = async (keys: IssuerKeys, by = provider): Promise<string | undefined> =>
    (await jose.jwtVerify(await by.token(), await keys.get())).payload.sub;
  const failureOf = (keys: IssuerKeys): Promise<unknown> =>
    verify(keys).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('are found by discovery, once, however many tokens come', async () => {
    const keys = new IssuerKeys(jose, { issuer: url });
    await Promise.all([verify(keys), verify(keys), verify(keys)]);
    await verify(keys);
    expect(asked).toEqual([discoveryPath, '/keys']);
  });

  it('are found by discovery for an issuer whose name ends with a slash', async () => {
    document.issuer = `${url}/`;
    await verify(new IssuerKeys(jose, { issuer: `${url}/` }));
    expect(asked[0]).toBe(discoveryPath);
  });

  it('are fetched from jwksUri without discovery', async () => {
    await verify(new IssuerKeys(jose, { issuer: 'https://ci.example', jwksUri: `${url}/elsewhere` }));
    expect(asked).toEqual(['/elsewhere']);
  });

  it('are those of the policy, without any request', async () => {
    const keys = new IssuerKeys(jose, { issuer: url, keys: { keys: [provider.publicJwk] } as never });
    expect(await verify(keys)).toContain('acme/web');
    expect(asked).toEqual([]);
  });

  it('do not verify what another issuer has signed', async () => {
    const keys = new IssuerKeys(jose, { issuer: url });
    await expect(verify(keys, await IdentityProvider.create(url))).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
  });

  it.each<[string, () => void, string]>([
    ['is that of another issuer', () => (document.issuer = 'https://evil.example'), 'another issuer'],
    ['names no keys', () => delete document.jwks_uri, 'no https jwks_uri'],
    ['names keys that are not a URL', () => (document.jwks_uri = 7), 'no https jwks_uri'],
    ['names keys without TLS on another machine', () => (document.jwks_uri = 'http://ci.example/keys'), 'no https'],
    ['is too long', () => (document.filler = 'x'.repeat(1024 * 1024)), 'more than 1048576 bytes'],
  ])('are not fetched where the discovery document %s', async (_, change, reason) => {
    change();
    const failure = await failureOf(new IssuerKeys(jose, { issuer: url }));
    expect(failure).toBeInstanceOf(IssuerUnavailable);
    expect((failure as Error).message).toContain(reason);
    expect(asked).toEqual([discoveryPath]);
  });

  it.each<[string, RequestListener, string]>([
    ['refuses', (_, response) => response.writeHead(503).end(), 'status 503'],
    ['redirects', (_, response) => response.writeHead(302, { Location: '/other' }).end(), 'redirect'],
    ['answers something else', (_, response) => response.end('<html>'), 'JSON'],
    ['hangs up', (request) => request.socket.destroy(), 'is of no use'],
  ])('are unavailable while the issuer %s, and it is left in peace for 30 s', async (_, fault, reason) => {
    const healthy = answer;
    answer = fault;
    const keys = new IssuerKeys(jose, { issuer: url });
    for (let time = 0; time < 3; time++) {
      const failure = await failureOf(keys);
      expect(failure).toBeInstanceOf(IssuerUnavailable);
      expect((failure as Error).message).toContain(reason);
    }
    expect(asked).toHaveLength(1);
    answer = healthy;
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 29_000);
    expect(await failureOf(keys)).toBeInstanceOf(IssuerUnavailable);
    clock.mockReturnValue(now + 31_000);
    expect(await verify(keys)).toContain('acme/web');
  });

  it('are unavailable also where only the key set cannot be had', async () => {
    answer = (request, response) => {
      if (request.url === discoveryPath) response.end(JSON.stringify(document));
      else response.writeHead(500).end();
    };
    expect(await failureOf(new IssuerKeys(jose, { issuer: url }))).toBeInstanceOf(IssuerUnavailable);
  });
});

const issuer = 'https://ci.example';

/** Has each address answer with this text; anything else is 404. */
function publish(documents: Record<string, string>): string[] {
  const asked: string[] = [];
  jest.spyOn(globalThis, 'fetch').mockImplementation((input) => {
    const url = input instanceof Request ? input.url : input.toString();
    const text = documents[url];
    asked.push(url);
    return Promise.resolve(new Response(text, { status: text === undefined ? 404 : 200 }));
  });
  return asked;
}

const discovery = (uri: string, name = issuer): Record<string, string> => ({
  [`${issuer}/.well-known/openid-configuration`]: JSON.stringify({ issuer: name, jwks_uri: uri }),
});
const find = async (keys: IssuerKeys): Promise<unknown> =>
  (await keys.get())({ alg: 'RS256', kid: 'key-1' }, { payload: '', signature: '' });

describe('the documents of an issuer that lies', () => {
  let key: jose.JWK;

  beforeAll(async () => {
    key = (await IdentityProvider.create(issuer, 'key-1')).publicJwk;
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('takes the keys from where the issuer says', async () => {
    publish({ ...discovery('https://keys.example/'), 'https://keys.example/': JSON.stringify({ keys: [key] }) });
    expect(await find(new IssuerKeys(jose, { issuer }))).toMatchObject({ type: 'public' });
  });

  it.each([
    ['a loopback address', 'http://127.0.0.1:2375/containers/json'],
    ['another loopback address', 'http://127.9.9.9/'],
    ['the IPv6 loopback address', 'http://[::1]:2375/'],
    ['localhost', 'https://localhost/'],
    ['an IPv4 address in IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['no protection', 'http://keys.example/'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:application/json,{}'],
    ['a password', 'https://user:password@keys.example/'],
  ])('asks nobody else when the issuer names %s as the place of its keys', async (_, uri) => {
    const asked = publish(discovery(uri));
    await expect(find(new IssuerKeys(jose, { issuer }))).rejects.toThrow(IssuerUnavailable);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['null', 'null'],
    ['a list', '[]'],
    ['no keys', '{}'],
    ['an empty list of keys', '{"keys":[]}'],
    ['keys that are none', '{"keys":[null,1,"x",{}]}'],
    ['a secret key', '{"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}]}'],
    ['lists without end', `{"keys":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`],
    ['no JSON', '<html>'],
  ])('asks at most once in a while when the keys are %s', async (_, text) => {
    const asked = publish({ ...discovery('https://keys.example/'), 'https://keys.example/': text });
    const keys = new IssuerKeys(jose, { issuer });
    for (let attempt = 0; attempt < 5; attempt++) await expect(find(keys)).rejects.toThrow(IssuerUnavailable);
    expect(asked).toHaveLength(2);
  });

  it('finds a key among others that are none, whatever they hold', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const text = `{"keys":[${JSON.stringify({ kty: 'oct', k: 'eA', kid: 'key-1' })},${deep},${JSON.stringify(key).replace('{', `{"x5c":${deep},`)}]}`;
    publish({ ...discovery('https://keys.example/'), 'https://keys.example/': text });
    expect(await find(new IssuerKeys(jose, { issuer }))).toMatchObject({ type: 'public' });
  });

  it.each(['https://evil.example', 'https://ci.example/', ''])('refuses the document of %j', async (name) => {
    publish(discovery('https://keys.example/', name));
    await expect(find(new IssuerKeys(jose, { issuer }))).rejects.toThrow('another issuer');
  });
});
