import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
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
  private readonly server: Server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/v1\.\d+/, '');
    const call = `${request.method ?? ''} ${path}`;
    this.calls.push(call);
    const found = this.handlers.find(({ method, path: pattern }) => method === request.method && pattern.test(path));
    if (!found) {
      this.unexpected.push(call);
      json({ message: `unexpected call ${call}` }, 500)(request, response);
      return;
    }
    found.handler(request, response);
  });

  static async start(): Promise<FakeEngine> {
    const engine = new FakeEngine();
    engine.on(
      'GET',
      /^\/version$/,
      json({ Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64' }),
    );
    engine.on('GET', /^\/_ping$/, (_, response) => response.end('OK'));
    engine.server.listen(join(engine.folder, 'docker.sock'));
    await once(engine.server, 'listening');
    return engine;
  }

  get dockerHost(): string {
    return `unix://${join(this.folder, 'docker.sock')}`;
  }

  /** A later handler wins over an earlier one. */
  on(method: string, path: RegExp, handler: Handler): void {
    this.handlers.unshift({ method, path, handler });
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function json(body: unknown, status = 200): Handler {
  return (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** Streams these chunks after a 200, and ends, unless told to leave the stream open or to cut it. */
export function stream(chunks: string[], end: 'end' | 'hang' | 'reset' = 'end'): Handler {
  return (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    for (const chunk of chunks) response.write(chunk);
    if (end === 'end') response.end();
    if (end === 'reset') setImmediate(() => response.socket?.destroy());
  };
}
