import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityProvider } from './support/service/identity-provider.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

/** An issuer on this machine that can be slow, broken and away. */
class Issuer {
  readonly asked: string[] = [];
  isBroken = false;
  isSilent = false;
  provider!: IdentityProvider;
  readonly server: Server = createServer((request, response) => {
    this.asked.push(request.url ?? '');
    this.respond(request.url ?? '', response);
  });

  static async start(): Promise<Issuer> {
    const issuer = new Issuer();
    issuer.server.listen(0, '127.0.0.1');
    await once(issuer.server, 'listening');
    await issuer.renewKey('key-1');
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async renewKey(kid: string): Promise<void> {
    this.provider = await IdentityProvider.create(this.url, kid);
  }

  async token(changes: Record<string, unknown> = {}): Promise<string> {
    const token = await this.provider.token(changes);
    keepSecret(token);
    return token;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private respond(path: string, response: ServerResponse): void {
    if (this.isSilent) return;
    if (this.isBroken) {
      response.writeHead(500).end('{}');
      return;
    }
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: this.url, jwks_uri: `${this.url}/keys` },
      '/keys': { keys: [this.provider.publicJwk] },
    };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(documents[path] ?? {}));
  }
}

describe('an issuer that publishes its keys', () => {
  let issuer: Issuer;
  let away: Issuer;
  let service: Service;

  beforeAll(async () => {
    [issuer, away] = await Promise.all([Issuer.start(), Issuer.start()]);
    const path = join(mkdtempSync(join(tmpdir(), 'issuer-')), 'policy.json');
    const rules = [{ claims: { repository_id: '123456' }, containers: ['web'], actions: ['notify', 'read'] }];
    const oidc = [issuer, away].map(({ url, provider }) => ({ issuer: url, audience: provider.audience, rules }));
    writeFileSync(path, JSON.stringify({ oidc }));
    service = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', POLICY_PATH: path });
  });
  beforeEach(() => {
    issuer.asked.length = away.asked.length = 0;
  });
  afterAll(async () => {
    await service.stop();
    issuer.stop();
    away.stop();
  });

  const notify = (token: string, container = 'web'): Promise<Response> =>
    service.fetch(`/notify/${container}`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });

  it('is asked once, however many tokens come', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, run) => issuer.token({ run_id: String(run) })));
    const statuses = await Promise.all(tokens.map(async (token) => (await notify(token)).status));
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(issuer.asked.sort()).toEqual(['/.well-known/openid-configuration', '/keys']);
    const response = await notify(tokens[0] ?? '');
    const { id } = (await response.json()) as { id: string };
    expect(await service.deployment(id)).toMatchObject({ requestedBy: expect.stringMatching(/^acme\/web#\d+$/) });
    expect((await notify(tokens[0] ?? '', 'api')).status).toBe(403);
  });

  it('is not asked on behalf of tokens that it cannot have made', async () => {
    const stranger = await IdentityProvider.create('http://127.0.0.1:9');
    expect((await notify(await stranger.token())).status).toBe(401);
    expect((await notify(await issuer.token({ iss: `${issuer.url}/other` }))).status).toBe(401);
    expect(issuer.asked).toEqual([]);
  });

  it('is asked at most once in a while for a key that it does not have', async () => {
    const other = await IdentityProvider.create(issuer.url, 'unknown-key');
    for (let attempt = 0; attempt < 5; attempt++) expect((await notify(await other.token())).status).toBe(401);
    expect(issuer.asked.length).toBeLessThanOrEqual(1);
  });

  it('that is broken makes its own tokens wait, and nobody else; it is left in peace for a while', async () => {
    away.isBroken = true;
    const token = await away.token();
    const response = await notify(token);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('30');
    expect(await response.json()).toMatchObject({ code: 'issuer_unavailable' });
    away.isBroken = false;
    for (let attempt = 0; attempt < 3; attempt++) expect((await notify(token)).status).toBe(503);
    expect(away.asked).toEqual(['/.well-known/openid-configuration']);
    expect((await service.notify('web')).status).toBe(202);
    expect((await notify(await issuer.token())).status).toBe(202);
  });
});

describe('an issuer that never answers', () => {
  it('does not block other tokens, and its own no longer than the deadline', async () => {
    const issuer = await Issuer.start();
    issuer.isSilent = true;
    const path = join(mkdtempSync(join(tmpdir(), 'issuer-')), 'policy.json');
    const rules = [{ claims: { repository_id: '123456' }, containers: ['web'], actions: ['notify'] }];
    writeFileSync(path, JSON.stringify({ oidc: [{ issuer: issuer.url, audience: issuer.provider.audience, rules }] }));
    const service = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', POLICY_PATH: path });
    try {
      const headers = { Authorization: `Bearer ${await issuer.token()}` };
      let isOver = false;
      const waiting = service.fetch('/notify/web', { method: 'POST', headers }).finally(() => (isOver = true));
      await until('the request for the keys', 5000, () => issuer.asked.length > 0 || undefined);
      expect((await service.notify('web')).status).toBe(202);
      expect(isOver).toBe(false);
      expect((await waiting).status).toBe(503);
      expect(issuer.asked).toHaveLength(1);
    } finally {
      await service.stop();
      issuer.stop();
    }
  });
});
