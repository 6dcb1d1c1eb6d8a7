import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportSPKI, generateKeyPair, importJWK, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, type InProcessApp, type Route } from './support/service/app.js';
import { IdentityProvider } from './support/service/identity-provider.js';
import { keepSecret, recordOutput } from './support/runner/secrecy.js';

type Verdict = 'passes' | 'unauthorized' | 'forbidden' | 'hidden';

/** What each route asks for. One that is not listed here must be for the holder of SECRET_KEY alone. */
const needs: [RegExp, string][] = [
  [/^\w+ \/health/, 'public'],
  [/^GET \/openapi\.json$/, 'public'],
  [/^POST \/notify\/:container$/, 'notify'],
  [/^POST \/rollback\/:container$/, 'rollback'],
  [/^GET \/deployments/, 'read'],
  [/^DELETE \/deployments\/:id$/, 'notify'],
  [/^GET \/metrics$/, 'metrics'],
  // What is left tells those with credentials that the method or the name is not right.
  [/^\w+ \/(notify|deployments|rollback)/, 'credentials'],
];

const containers = ['web'];
const secretKey = newToken();
const tokens = {
  all: newToken(),
  notify: newToken(),
  read: newToken(),
  rollback: newToken(),
  metrics: newToken(),
  elsewhere: newToken(),
  expired: newToken(),
};

function newToken(): string {
  const token = randomBytes(24).toString('base64url');
  keepSecret(token);
  return token;
}

describe('every route, for every kind of caller', () => {
  let app: InProcessApp;
  /** Anew for each route: what ends, or has not begun, must be so however long the others took. */
  let mint: () => Promise<Record<string, string | undefined>>;
  let deployment: string;

  beforeAll(async () => {
    const provider = await IdentityProvider.create('https://ci.example');
    const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');
    const token = (id: keyof typeof tokens, actions: string[], rest: object = {}): object => ({
      id,
      sha256: sha256(tokens[id]),
      containers,
      actions,
      ...rest,
    });
    const everything = ['notify', 'read', 'rollback', 'metrics'];
    const path = join(mkdtempSync(join(tmpdir(), 'access-')), 'policy.json');
    writeFileSync(
      path,
      JSON.stringify({
        tokens: [
          token('all', everything),
          token('notify', ['notify']),
          token('read', ['read']),
          token('rollback', ['rollback']),
          token('metrics', ['metrics'], { containers: [] }),
          token('elsewhere', everything, { containers: ['db', 'web-*'] }),
          token('expired', everything, { expires: '2020-01-01T00:00:00Z' }),
        ],
        oidc: [
          {
            issuer: provider.issuer,
            audience: provider.audience,
            keys: { keys: [provider.publicJwk] },
            rules: [{ claims: { repository_id: '123456', ref: 'refs/heads/main' }, containers, actions: everything }],
          },
        ],
      }),
    );
    app = await startApp({
      SECRET_KEY: secretKey,
      POLICY_PATH: path,
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      AUTH_FAILURES_PER_MINUTE: '1000000',
    });
    const other = await IdentityProvider.create(provider.issuer);
    const stranger = await IdentityProvider.create('https://evil.example');
    const publicPem = await exportSPKI(
      (await importJWK(provider.publicJwk, 'RS256', { extractable: true })) as CryptoKey,
    );
    const foreignKey = (await generateKeyPair('ES256')).privateKey;
    mint = async () => {
      const now = Math.floor(Date.now() / 1000);
      const good = await provider.token();
      const [head = '', body = '', signature = ''] = good.split('.');
      const asClaims = provider.claims();
      const changed = Buffer.from(JSON.stringify({ ...asClaims, run_id: '43' })).toString('base64url');
      const callers = {
        nobody: undefined,
        'wrong token': newToken(),
        'prefix of a token': tokens.all.slice(0, -1),
        'expired token': tokens.expired,
        'OIDC: alg none': new UnsecuredJWT(asClaims).encode(),
        'OIDC: HS256 with the public key': await new SignJWT(asClaims)
          .setProtectedHeader({ alg: 'HS256', kid: provider.kid })
          .sign(Buffer.from(publicPem)),
        'OIDC: an algorithm that is not allowed': await new SignJWT(asClaims)
          .setProtectedHeader({ alg: 'ES256', kid: provider.kid })
          .sign(foreignKey),
        'OIDC: wrong audience': await provider.token({ aud: 'https://github.com/acme' }),
        'OIDC: no audience': await provider.token({ aud: undefined }),
        'OIDC: unknown issuer': await stranger.token(),
        'OIDC: an issuer that is almost the right one': await provider.token({ iss: `${provider.issuer}/` }),
        'OIDC: no issuer': await provider.token({ iss: undefined }),
        'OIDC: expired': await provider.token({ iat: now - 600, nbf: now - 600, exp: now - 60 }),
        'OIDC: without end': await provider.token({ exp: undefined }),
        'OIDC: not yet valid': await provider.token({ nbf: now + 120 }),
        'OIDC: of the future': await provider.token({ iat: now + 120, nbf: undefined }),
        'OIDC: too old, though it lives longer': await provider.token({
          iat: now - 7200,
          nbf: now - 7200,
          exp: now + 7200,
        }),
        'OIDC: without time of issue': await provider.token({ iat: undefined }),
        'OIDC: unknown key': await provider.token({}, { kid: 'key-2' }),
        'OIDC: signed by another key of that name': await other.token(),
        'OIDC: changed after it was signed': [head, changed, signature].join('.'),
        'OIDC: without signature': [head, body, ''].join('.'),
        'OIDC: longer than any': `${good}${'x'.repeat(8192)}`,
        'OIDC: of another repository': await provider.token({ repository_id: '654321' }),
        'OIDC: a missing claim': await provider.token({ ref: undefined }),
        'OIDC: a claim of another type': await provider.token({ ref: ['refs/heads/main'] }),
        'only notify': tokens.notify,
        'only read': tokens.read,
        'only rollback': tokens.rollback,
        'only metrics': tokens.metrics,
        'other containers': tokens.elsewhere,
        'this container': tokens.all,
        'OIDC: good': good,
        'the holder of SECRET_KEY': secretKey,
      };
      for (const credential of Object.values(callers)) if (credential) keepSecret(credential);
      return callers;
    };
    const accepted = await call({ method: 'POST', path: '/notify/web' }, secretKey);
    deployment = ((await accepted.json()) as { id: string }).id;
  });
  afterAll(async () => {
    recordOutput(app.logs);
    await app.close();
  });

  const call = (route: Route, token: string | undefined): Promise<Response> =>
    fetch(`${app.url}${route.path}`, {
      method: route.method,
      headers: { ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), Connection: 'close' },
      // What streams or waits has decided when its headers are there.
      signal: AbortSignal.timeout(10_000),
    });

  function expected(route: Route, caller: string): Verdict {
    const need = needs.find(([pattern]) => pattern.test(`${route.method} ${route.path}`))?.[1];
    if (need === 'public') return 'passes';
    const isKnown = !/^(nobody|wrong|prefix|expired)/.test(caller) && !callersRefused.test(caller);
    if (!isKnown) return 'unauthorized';
    if (need === 'credentials' || caller === 'the holder of SECRET_KEY') return 'passes';
    if (need === undefined) return 'forbidden';
    if (caller === 'this container' || caller === 'OIDC: good') return 'passes';
    if (caller === 'other containers') {
      if (route.path.includes(':id')) return 'hidden';
      return route.path.includes(':container') ? 'forbidden' : 'passes';
    }
    return caller === `only ${need}` ? 'passes' : 'forbidden';
  }
  /** Good tokens of the wrong pipelines are known callers that may do nothing: 403. */
  const callersRefused = /^OIDC: (?!good|of another repository|a missing claim|a claim of another type)/;

  async function verdict(response: Response): Promise<Verdict> {
    const { status } = response;
    const isStream = response.headers.get('content-type')?.includes('event-stream');
    if (isStream) await response.body?.cancel();
    else recordOutput([await response.text()]);
    if (status === 401) {
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="trigger-docker-pull"/);
      return 'unauthorized';
    }
    if (status === 403) {
      expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
      return 'forbidden';
    }
    expect(status).not.toBe(500);
    return status === 404 ? 'hidden' : 'passes';
  }

  it('is decided as the policy says', async () => {
    expect(app.routes.map(({ method, path }) => `${method} ${path}`)).toEqual(
      expect.arrayContaining(['POST /notify/:container', 'GET /deployments/:id', 'GET /health']),
    );
    const wrong: string[] = [];
    let kinds = 0;
    for (const route of app.routes) {
      const named = Object.entries(await mint());
      kinds = named.length;
      const path = route.path.replace(':container', 'web').replace(':id', deployment);
      const results = await Promise.all(
        named.map(async ([caller, token]) => ({ caller, is: await verdict(await call({ ...route, path }, token)) })),
      );
      for (const { caller, is } of results) {
        const shouldBe = expected(route, caller);
        if (is !== shouldBe) wrong.push(`${route.method} ${route.path} for ${caller}: ${is} instead of ${shouldBe}`);
      }
    }
    expect(kinds).toBeGreaterThan(30);
    expect(wrong).toEqual([]);
  }, 300_000);

  it('a notify outside of the scope is 403, whether there is such a container or not', async () => {
    for (const name of ['db', 'no-such-container']) {
      const response = await call({ method: 'POST', path: `/notify/${name}` }, tokens.all);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'insufficient_scope' });
    }
  });

  it('an identity token may be shown again and again', async () => {
    const { 'OIDC: good': token } = await mint();
    for (let time = 0; time < 3; time++) {
      const response = await call({ method: 'GET', path: `/deployments/${deployment}` }, token);
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    }
  });

  it('is one line of the audit log each, with who, from where, what and the result', async () => {
    const { 'OIDC: good': token } = await mint();
    const before = app.logs.length;
    await call({ method: 'POST', path: '/notify/web' }, token);
    await call({ method: 'POST', path: '/notify/db' }, tokens.notify);
    await call({ method: 'POST', path: '/notify/web' }, 'wrong-token-of-nobody');
    const lines = app.logs.slice(before).flatMap((line) => {
      const [message, facts, context] = JSON.parse(line) as [string, object, string];
      return context === 'Audit' ? [{ message, ...facts }] : [];
    });
    expect(lines).toEqual([
      expect.objectContaining({
        result: 'allowed',
        who: 'acme/web#42',
        issuer: 'https://ci.example',
        repository: 'acme/web',
        run: '42',
        from: '127.0.0.1',
        action: 'notify',
        container: 'web',
      }),
      expect.objectContaining({
        result: 'denied',
        who: 'notify',
        action: 'notify',
        container: 'db',
        from: '127.0.0.1',
      }),
      expect.objectContaining({ result: 'refused', from: '127.0.0.1', path: '/notify/web' }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('wrong-token-of-nobody');
  });
});
