// @needs internet: to install Caddy, where it is not there yet.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { canHave } from './support/runner/packages.js';
import { freePort } from './support/registry/registry.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const describeWithCaddy = canHave('caddy', 'caddy') && canHave('openssl', 'openssl') ? describe : describe.skip;

describeWithCaddy('deploy/caddy/Caddyfile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'caddy-'));
  const file = (name: string): string => join(folder, name);
  const rootPath = file('caddy/pki/authorities/local/root.crt');
  let port: number;
  let service: Service;
  let caddy: ChildProcess;

  beforeAll(async () => {
    port = await freePort();
    const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { stdio: 'pipe' });
    for (const who of ['clients', 'strangers']) {
      const authority = [
        '-keyout',
        file(`${who}.key`),
        '-out',
        file(`${who}.pem`),
        '-subj',
        `/CN=${who}`,
        '-days',
        '2',
      ];
      openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...authority);
      openssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        file(`ci-${who}.key`),
        '-out',
        file('csr'),
        '-subj',
        '/CN=ci',
      );
      const signer = ['-CA', file(`${who}.pem`), '-CAkey', file(`${who}.key`), '-CAcreateserial', '-days', '2'];
      openssl('x509', '-req', '-in', file('csr'), ...signer, '-out', file(`ci-${who}.pem`));
    }
    service = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', TRUST_PROXY: 'loopback' });
    // The example as it is; only what concerns the whole of Caddy is said here.
    writeFileSync(
      file('Caddyfile'),
      `{\n admin off\n auto_https disable_redirects\n skip_install_trust\n}\nimport ${join(process.cwd(), 'deploy/caddy/Caddyfile')}\n`,
    );
    caddy = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', file('Caddyfile')], {
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        XDG_DATA_HOME: folder,
        XDG_CONFIG_HOME: folder,
        DEPLOY_HOST: `localhost:${port}`,
        UPSTREAM: `127.0.0.1:${service.port}`,
        CLIENT_CA_FILE: file('clients.pem'),
      },
    });
    await until('the start of Caddy', 30_000, async () => {
      if (caddy.exitCode !== null) throw new Error('Caddy has ended');
      return existsSync(rootPath) ? await call('clients').catch(() => undefined) : undefined;
    });
  });
  afterAll(async () => {
    caddy.kill();
    if (caddy.exitCode === null) await once(caddy, 'exit');
    await service.stop();
  });

  const call = async (who: string | undefined, headers = {}): Promise<{ status: number; body: string }> => {
    const outgoing = request({
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path: '/notify/web',
      method: 'POST',
      agent: false,
      ca: readFileSync(rootPath),
      ...(who === undefined
        ? {}
        : { cert: readFileSync(file(`ci-${who}.pem`)), key: readFileSync(file(`ci-${who}.key`)) }),
      headers: { Host: `localhost:${port}`, Authorization: `Bearer ${Service.secret}`, ...headers },
    });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
    return { status: incoming.statusCode ?? 0, body: await text(incoming) };
  };

  it('lets callers with a certificate through, and the token decides', async () => {
    expect((await call('clients')).status).toBe(202);
    expect((await call('clients', { Authorization: 'Bearer wrong' })).status).toBe(401);
  });

  it.each([undefined, 'strangers'])('hangs up on callers whose certificate is of %s', async (who) => {
    await expect(call(who)).rejects.toThrow(/alert|ECONNRESET|certificate/i);
  });

  it("tells the service the caller's address, and nobody can claim another one", async () => {
    await call('clients', { 'X-Forwarded-For': '203.0.113.7', 'X-Request-Id': 'through-caddy' });
    const line = await service.logged(({ context, requestId }) => context === 'Audit' && requestId === 'through-caddy');
    expect(line.from).toBe('127.0.0.1');
  });
});
