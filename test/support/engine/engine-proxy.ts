import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One call to the engine, in the order of arrival from 0. `path` is without the API version. */
export interface EngineCall {
  index: number;
  method: string;
  path: string;
  statusCode?: number;
}

/** What becomes of a call: `forward` it, or answer it with an error, or drop its connection, or never answer. */
export type Fate = 'forward' | 'drop' | 'hang' | { statusCode: number };

export interface Hooks {
  /** Before the engine sees the call. */
  before?: (call: EngineCall) => Promise<Fate> | Fate;
  /** After the engine has done it, before the service hears of it. */
  after?: (call: EngineCall) => Promise<Fate> | Fate;
}

/**
 * Stands between the service and the engine, records every call, and lets a test make a fault before or after any of
 * them: so that fault points are generated from the calls themselves, not from a list kept by hand.
 */
export class EngineProxy {
  readonly calls: EngineCall[] = [];
  hooks: Hooks = {};
  private readonly folder = mkdtempSync(join(tmpdir(), 'tdp-proxy-'));
  private readonly server = createServer((incoming, outgoing) => {
    this.handle(incoming, outgoing).catch(() => outgoing.destroy());
  });

  private constructor(
    private readonly upstream: string,
    private readonly givenPath?: string,
  ) {}

  static async start(dockerHost: string, socketPath?: string): Promise<EngineProxy> {
    const proxy = new EngineProxy(dockerHost, socketPath);
    proxy.server.listen(proxy.socketPath);
    await once(proxy.server, 'listening');
    return proxy;
  }

  get dockerHost(): string {
    return `unix://${this.socketPath}`;
  }

  private get socketPath(): string {
    return this.givenPath ?? join(this.folder, 'docker.sock');
  }

  /** Forgets what was recorded, and lets all calls pass. */
  reset(): void {
    this.calls.length = 0;
    this.hooks = {};
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = (incoming.url ?? '').replace(/^\/v1\.\d+/, '');
    const call: EngineCall = { index: this.calls.length, method: incoming.method ?? '', path };
    // Probes come at any time; they are no part of an update.
    const isProbe = call.method === 'GET' && path === '/_ping';
    if (!isProbe) this.calls.push(call);
    const { before, after } = isProbe ? {} : this.hooks;
    if (!meet(await (before?.(call) ?? 'forward'), outgoing)) return;
    const answer = await this.forward(incoming, outgoing);
    call.statusCode = answer.statusCode;
    // Streams (pull, logs) are passed on as they come; everything else is known to be done before `after`.
    if (!path.startsWith('/images/create')) {
      const chunks: Buffer[] = [];
      for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
      if (!meet(await (after?.(call) ?? 'forward'), outgoing)) return;
      const { 'transfer-encoding': _, ...headers } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 500, headers).end(Buffer.concat(chunks));
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    for await (const chunk of answer as AsyncIterable<Buffer>) outgoing.write(chunk);
    if (meet(await (after?.(call) ?? 'forward'), outgoing)) outgoing.end();
  }

  private async forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<IncomingMessage> {
    const target = this.upstream.startsWith('unix://')
      ? { socketPath: this.upstream.slice('unix://'.length) }
      : { host: new URL(this.upstream).hostname, port: new URL(this.upstream).port || 2375 };
    const onward = request({ ...target, path: incoming.url, method: incoming.method, headers: incoming.headers });
    incoming.pipe(onward);
    // A client that gives up a call is what makes an engine give it up.
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) onward.destroy();
    });
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    return answer;
  }
}

/** Whether the call goes on. */
function meet(fate: Fate, outgoing: ServerResponse): boolean {
  if (fate === 'forward') return true;
  if (fate === 'drop') outgoing.destroy();
  else if (fate !== 'hang') {
    outgoing
      .writeHead(fate.statusCode, { 'Content-Type': 'application/json' })
      .end(JSON.stringify({ message: 'a fault made by a test' }));
  }
  return false;
}
