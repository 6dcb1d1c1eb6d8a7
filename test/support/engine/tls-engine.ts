import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/**
 * Makes what Docker's guide for a TLS engine makes: ca.pem, server.pem and server-key.pem for 127.0.0.1, and cert.pem and key.pem of a
 * client.
 */
export function makeCertificates(folder: string): void {
  const openssl = (command: string): void => {
    execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'ignore' });
  };
  openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca-key.pem -out ca.pem');
  for (const [name, key, certificate, extension] of [
    ['server', 'server-key.pem', 'server.pem', 'subjectAltName=IP:127.0.0.1'],
    ['client', 'key.pem', 'cert.pem', 'extendedKeyUsage=clientAuth'],
  ]) {
    openssl(`req -newkey rsa:2048 -nodes -subj /CN=${name} -addext ${extension} -keyout ${key} -out ${name}.csr`);
    openssl(
      `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -copy_extensions copy -out ${certificate}`,
    );
  }
}

/** The test's engine behind TLS that is verified both ways, as `dockerd --tlsverify` serves it. */
export class TlsEngine {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param folder with what `makeCertificates` made */
  static async start(dockerHost: string, folder: string): Promise<TlsEngine> {
    const read = (name: string): Buffer => readFileSync(join(folder, name));
    const server = createServer({
      ca: read('ca.pem'),
      cert: read('server.pem'),
      key: read('server-key.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    });
    const engine = new TlsEngine(server);
    const url = new URL(dockerHost);
    server.on('secureConnection', (client) => {
      const upstream =
        url.protocol === 'unix:' ? connect(url.pathname) : connect(Number(url.port || 2375), url.hostname);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        engine.sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          engine.sockets.delete(from);
          to.destroy();
        });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return engine;
  }

  get dockerHost(): string {
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
