import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { startApp, type InProcessApp } from '../../test/support/service/app.js';
import { IdentityProvider } from '../../test/support/service/identity-provider.js';

const secretKey = 'the-holder-of-this-may-do-everything';
const failuresAllowed = 20;
const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');

describe('the bearer guard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-guard-'));
  let app: InProcessApp;
  let provider: IdentityProvider;

  beforeAll(async () => {
    provider = await IdentityProvider.create('https://ci.example');
    const path = join(folder, 'policy.json');
    const token = (id: string, containers: string[], ...actions: string[]): object => ({
      ...{ id, sha256: sha256(`token-${id}`), containers, actions },
    });
    const issuer = { issuer: provider.issuer, audience: provider.audience };
    const rules = [{ claims: { repository_id: '123456' }, containers: ['web'], actions: ['read'] }];
    writeFileSync(
      path,
      JSON.stringify({
        tokens: [
          token('notify', ['web'], 'notify'),
          token('read', ['web'], 'read'),
          token('rollback', ['web-*'], 'rollback'),
          token('metrics', [], 'metrics'),
        ],
        oidc: [
          { ...issuer, keys: { keys: [provider.publicJwk] }, rules },
          { ...issuer, issuer: 'https://away.example', jwksUri: 'http://127.0.0.1:9/keys', rules },
        ],
      }),
    );
    app = await startApp({
      ...{ SECRET_KEY: secretKey, POLICY_PATH: path, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
      ...{ AUTH_FAILURES_PER_MINUTE: String(failuresAllowed), TRUST_PROXY: 'loopback', METRICS: 'true' },
    });
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    app.logs.length = 0;
  });

  let clients = 0;
  /** Each request comes from an address of its own, unless one is given: failures of the others do not count for it. */
  const call = (
    method: 'get' | 'post' | 'delete',
    path: string,
    token?: string,
    address = `192.0.2.${++clients}`,
  ): supertest.Test => {
    const request = supertest(app.url)[method](path).set('X-Forwarded-For', address);
    return token === undefined ? request : request.set('Authorization', `Bearer ${token}`);
  };
  const audited = (): string[] => app.logs.filter((line) => line.includes('"Audit"'));

  it('asks for a token where there is none, and closes the connection', async () => {
    const answer = await call('post', '/notify/web');
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ code: 'unauthorized', detail: expect.stringContaining('there is no bearer') });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="trigger-docker-pull"');
    expect(answer.headers.connection).toBe('close');
    expect(audited()).toEqual([expect.stringContaining('refused: there is no bearer token')]);
  });

  it.each([
    ['a scheme that is not Bearer', 'Basic dTpw', 'the Authorization header is malformed'],
    ['a token that is not known', 'Bearer nobody-has-this', 'the token is not known'],
  ])('says what is wrong with %s', async (_, header, reason) => {
    const answer = await call('get', '/deployments').set('Authorization', header);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="trigger-docker-pull", error="invalid_token", error_description="${reason}"`,
    );
  });

  it('lets anybody ask for the health', async () => {
    expect((await call('get', '/health/live')).status).toBe(200);
    expect(audited()).toEqual([]);
  });

  it.each<[string, 'get' | 'post', string, number]>([
    ['notify', 'post', '/notify/web', 202],
    ['notify', 'post', '/notify/web-1', 403],
    ['notify', 'post', '/notify/api', 403],
    ['notify', 'post', '/rollback/web', 403],
    ['notify', 'get', '/deployments', 403],
    ['read', 'get', '/deployments', 200],
    ['read', 'post', '/notify/web', 403],
    ['rollback', 'post', '/rollback/web-1', 202],
    ['rollback', 'post', '/rollback/web', 403],
    ['rollback', 'post', '/notify/web-1', 403],
    ['metrics', 'get', '/deployments', 403],
    ['metrics', 'post', '/notify/web', 403],
  ])('decides for the token %s: %s %s', async (id, method, path, status) => {
    const answer = await call(method, path, `token-${id}`);
    expect([path, answer.status]).toEqual([path, status]);
    const [line = ''] = audited();
    expect(line).toContain(status === 403 ? '"result":"denied"' : '"result":"allowed"');
    expect(line).toContain(`"who":"${id}"`);
  });

  it('names the actions of which one is missing, whether there is such a container or not', async () => {
    const answers = await Promise.all(['api', 'nobody'].map((name) => call('post', `/notify/${name}`, 'token-read')));
    for (const { headers, body } of answers) {
      expect(headers['www-authenticate']).toContain('error="insufficient_scope", scope="notify"');
      expect(body).toMatchObject({ code: 'insufficient_scope' });
    }
  });

  it('lets the holder of SECRET_KEY do everything', async () => {
    for (const path of ['/notify/anything', '/rollback/anything-else'])
      expect((await call('post', path, secretKey)).status).toBe(202);
    expect((await call('get', '/deployments', secretKey)).status).toBe(200);
  });

  it('lets each valid token learn that the method is wrong, and nobody else', async () => {
    expect((await call('get', '/notify/web', 'token-metrics')).status).toBe(405);
    expect((await call('get', '/notify/web', 'unknown')).status).toBe(401);
  });

  it('knows the pipeline of an identity token', async () => {
    const token = await provider.token();
    expect((await call('get', '/deployments', token)).status).toBe(200);
    expect((await call('post', '/notify/web', token)).status).toBe(403);
    for (const line of audited()) {
      expect(line).toContain('"who":"acme/web#42"');
      expect(line).toContain('"issuer":"https://ci.example"');
    }
  });

  it('answers 503 where it cannot tell because the issuer is away, and counts no failure', async () => {
    const away = await IdentityProvider.create('https://away.example');
    const address = '198.51.100.1';
    for (let time = 0; time < failuresAllowed + 2; time++) {
      const answer = await call('get', '/deployments', await away.token(), address);
      expect(answer.status).toBe(503);
      expect(answer.body).toMatchObject({ code: 'issuer_unavailable' });
      expect(answer.headers['retry-after']).toBe('30');
    }
    expect(audited()[0]).toContain('undecided');
  });

  it('answers 429 after too many failures of an address, and still takes a valid token from it', async () => {
    const address = '198.51.100.2';
    const statuses: number[] = [];
    for (let time = 0; time < failuresAllowed + 2; time++)
      statuses.push((await call('get', '/deployments', 'guess', address)).status);
    expect(statuses.slice(0, failuresAllowed)).toEqual(Array.from({ length: failuresAllowed }, () => 401));
    expect(statuses.slice(failuresAllowed)).toEqual([429, 429]);
    const answer = await call('get', '/deployments', 'guess', address);
    expect(answer.body).toMatchObject({ code: 'too_many_failures' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call('get', '/deployments', secretKey, address)).status).toBe(200);
    expect((await call('get', '/deployments', 'guess', '198.51.100.3')).status).toBe(401);
  });

  it('writes no flood of lines for a flood of bad tokens', async () => {
    for (let time = 0; time < 60; time++) await call('get', '/deployments', 'guess', '198.51.100.4');
    const lines = audited();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(30);
    expect(lines.at(-1)).toMatch(/failure \d+ within a minute/);
  });

  it('stops a flood that gives itself a new address each time, by the proxy that it comes through', async () => {
    let last = 0;
    for (let time = 0; time < 2 * failuresAllowed + 1; time++)
      last = (await call('get', '/deployments', 'guess')).status;
    expect(last).toBe(429);
  });

  it('tells neither logs nor callers a token', async () => {
    const texts: string[] = [];
    for (const token of [secretKey, 'token-notify', 'never-heard-of-this'])
      texts.push(JSON.stringify((await call('post', '/notify/web', token)).body));
    for (const text of [...texts, ...app.logs]) {
      expect(text).not.toContain(secretKey);
      expect(text).not.toContain('token-notify');
      expect(text).not.toContain('never-heard-of-this');
    }
  });
});
