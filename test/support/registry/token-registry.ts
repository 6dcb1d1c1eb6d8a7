import { execFileSync } from 'node:child_process';
import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RegistryProcess } from './registry-process.js';
import { freePort, type Account } from './registry.js';
import { until } from '../runner/until.js';

const service = 'token-registry';
const issuer = 'token-server';

/**
 * The real registry with token authentication (distribution spec, `auth/token`), and the token server that it needs: it takes the
 * account's password, or an identity token in its place, and hands out tokens for what was asked for.
 */
export class TokenRegistry {
  readonly identityToken = `identity-${randomUUID()}`;
  private readonly server: Server;
  private registry!: RegistryProcess;
  private port = 0;
  private key!: string;
  private certificate!: string;

  private constructor(private readonly account: Account) {
    this.server = createServer((request, response) => {
      void this.answer(request, response);
    });
  }

  /** @param folder where its files go. Needs `openssl`, for the certificate, and `docker-registry` */
  static async start(folder: string, account: Account): Promise<TokenRegistry> {
    const registry = new TokenRegistry(account);
    await registry.launch(join(folder, `token-registry-${randomUUID()}`));
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await this.registry.kill();
  }

  private async launch(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const [keyPath, certificatePath] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const subject = ['-subj', '/CN=token-server', '-days', '2', '-keyout', keyPath, '-out', certificatePath];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'pipe' });
    this.key = readFileSync(keyPath, 'utf8');
    this.certificate = new X509Certificate(readFileSync(certificatePath)).raw.toString('base64');
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const realm = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/token`;
    this.port = await freePort();
    const auth = { token: { realm, service, issuer, rootcertbundle: certificatePath } };
    this.registry = new RegistryProcess({ name: 'registry', folder, port: this.port, auth });
    await this.registry.start();
    await until('the start of the registry with tokens', 30_000, () => fetch(`http://${this.host}/v2/`));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://token-server');
    const form = new URLSearchParams(request.method === 'POST' ? await text(request) : '');
    const { username, password } = this.account;
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const isGood = request.headers.authorization === basic || form.get('refresh_token') === this.identityToken;
    if (!isGood) {
      response.writeHead(401, { 'Content-Type': 'application/json' }).end('{"details":"unauthorized"}');
      return;
    }
    const scopes = [...url.searchParams.getAll('scope'), ...(form.get('scope')?.split(' ') ?? [])];
    const token = this.token(scopes.filter((scope) => scope !== ''));
    response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify({ token, access_token: token, expires_in: 300 }));
  }

  private token(scopes: string[]): string {
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type, ...rest] = scope.split(':');
      const actions = rest.pop() ?? '';
      return { type, name: rest.join(':'), actions: actions.split(',') };
    });
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = part({ typ: 'JWT', alg: 'RS256', x5c: [this.certificate] });
    const times = { iat: now - 10, nbf: now - 10, exp: now + 300 };
    const body = part({ iss: issuer, sub: this.account.username, aud: service, jti: randomUUID(), ...times, access });
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), createPrivateKey(this.key)).toString('base64url');
    return `${head}.${body}.${signature}`;
  }
}
