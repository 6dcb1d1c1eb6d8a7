import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A scripted Docker daemon on a unix socket, for faults that a real engine cannot be made to produce. */
export class FakeEngine {
  /** Calls that no handler was there for: a test that is done expects none. */
  readonly unexpected: string[] = [];
  readonly calls: string[] = [];
  private readonly handlers: { method: string; path: RegExp; handler: Handler }[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'tdp-fake-'));
  private readonly server;

  private constructor(private readonly tcp?: { tls?: { ca: string; cert: string; key: string } }) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.answer(request, response);
    };
    this.server = tcp?.tls
      ? createTlsServer(
          {
            ca: readFileSync(tcp.tls.ca),
            cert: readFileSync(tcp.tls.cert),
            key: readFileSync(tcp.tls.key),
            requestCert: true,
            rejectUnauthorized: true,
          },
          answer,
        )
      : createServer(answer);
  }

  /** On a unix socket, or on a TCP port of 127.0.0.1 where `tcp` is given, with TLS where that has certificates. */
  static async start(tcp?: { tls?: { ca: string; cert: string; key: string } }): Promise<FakeEngine> {
    const engine = new FakeEngine(tcp);
    engine.on(
      'GET',
      /^\/version$/,
      json({ Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64' }),
    );
    engine.on('GET', /^\/info$/, json({ ID: 'fake' }));
    engine.on('GET', /^\/_ping$/, (_, response) => response.end('OK'));
    engine.on('GET', /^\/containers\/json/, json([]));
    if (tcp) engine.server.listen(0, '127.0.0.1');
    else engine.server.listen(join(engine.folder, 'docker.sock'));
    await once(engine.server, 'listening');
    return engine;
  }

  get dockerHost(): string {
    if (this.tcp) return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return `unix://${join(this.folder, 'docker.sock')}`;
  }

  /** A later handler wins over an earlier one. */
  on(method: string, path: RegExp, handler: Handler): void {
    this.handlers.unshift({ method, path, handler });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').replace(/^\/v1\.\d+/, '');
    const call = `${request.method ?? ''} ${path}`;
    this.calls.push(call);
    const found = this.handlers.find(({ method, path: pattern }) => method === request.method && pattern.test(path));
    if (!found) this.unexpected.push(call);
    (found?.handler ?? json({ message: `unexpected call ${call}` }, 500))(request, response);
  }

  /** Ends the connections that are open, as an engine that is stopped; new ones are taken. */
  hangUp(): void {
    this.server.closeAllConnections();
  }

  stop(): void {
    this.hangUp();
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function json(body: unknown, status = 200): Handler {
  return (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** Takes the call, and never answers. */
export const neverAnswer: Handler = () => undefined;

/** Streams these chunks after a 200, and ends, unless told to leave the stream open or to cut it. */
export function stream(chunks: string[], end: 'end' | 'hang' | 'reset' = 'end'): Handler {
  return (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    for (const chunk of chunks) response.write(chunk);
    if (end === 'end') response.end();
    if (end === 'reset') setImmediate(() => response.socket?.destroy());
  };
}
