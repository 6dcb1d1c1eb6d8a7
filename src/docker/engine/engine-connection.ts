import Docker from 'dockerode';
import { Agent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { deadline, limited } from '../../common/deadline.js';
import type { Settings } from '../../config/settings.js';
import { negotiateApiVersion } from './api-version.js';
import { EngineError, EngineTimeout, EngineUnreachable } from './engine-error.js';
import type { EngineVersion } from './engine-types.js';

export interface Call {
  query?: Record<string, string>;
  body?: object;
  /** A tar archive, in place of a body of JSON. */
  archive?: Buffer;
  /** The value of `X-Registry-Auth`. */
  registryAuth?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Whether it is sent over a new connection. */
  isApart?: boolean;
}

/** As Node's global agent: a connection is not reused that the other side is about to close. */
const idleMs = 5000;

const succeeded = Object.fromEntries([200, 201, 204, 304].map((code) => [code, true]));

/**
 * The connection to the Docker Engine: agrees on an API version, sends calls, each with a deadline, and reads the answers.
 *
 * All go through dockerode's connection, but not through its methods: those put request bodies, secrets included, into the
 * URL, drop the warnings of a create, and wait for ever. Every call may throw EngineError, EngineUnreachable and EngineTimeout.
 */
export class EngineConnection {
  private readonly docker: Docker;
  /** Connects anew for each call. */
  private readonly dockerApart: Docker;
  protected readonly timeoutMs: number;
  protected engineVersion: EngineVersion | undefined;
  private apiVersion: string | undefined;
  /** How the engine that it was agreed with names itself in each of its answers. */
  private greeting: string | undefined;

  constructor({ engine, engineTimeoutMs }: Pick<Settings, 'engine' | 'engineTimeoutMs'>) {
    this.timeoutMs = engineTimeoutMs;
    // An explicit `host: undefined` keeps dockerode from reading DOCKER_HOST by itself.
    const options = {
      host: engine.host,
      port: engine.port,
      protocol: engine.tls ? ('https' as const) : ('http' as const),
      ...engine.tls,
      ...(engine.socketPath ? { socketPath: engine.socketPath } : {}),
    };
    // Over TLS Node's own agent, which also keeps connections: sessions and names of servers are its business.
    this.docker = new Docker({
      ...options,
      ...(engine.tls ? {} : { agent: new Agent({ keepAlive: true, timeout: idleMs }) }),
    });
    this.dockerApart = new Docker({ ...options, ...{ agent: engine.tls ? new TlsAgent() : new Agent() } });
  }

  /**
   * Agrees with the engine on an API version. Each time it looks whether the engine is still the one that it was agreed
   * with, for it may have been upgraded since; `/version` itself takes an engine a hundred times as long to answer.
   */
  async connect(signal?: AbortSignal): Promise<string> {
    const call = { timeoutMs: 10_000, signal };
    if (this.apiVersion && this.greeting && this.greeting === (await this.greetingNow(call))) return this.apiVersion;
    const { body, headers } = await this.read('GET', '/version', call);
    this.engineVersion = body as EngineVersion;
    this.apiVersion = negotiateApiVersion(this.engineVersion);
    this.greeting = greetingOf(headers);
    return this.apiVersion;
  }

  /**
   * Looks whether the engine takes new connections. An engine that shuts down stops its containers, and goes on to answer
   * over the connections that are open, but takes no new ones.
   * @throws EngineUnreachable or EngineTimeout if it does not
   */
  async assertTakesConnections(): Promise<void> {
    try {
      await this.json('GET', '/_ping', { timeoutMs: 5000, isApart: true });
    } catch (error) {
      // Somebody answered: a proxy may forbid the call.
      if (!(error instanceof EngineError)) throw error;
    }
  }

  /** The API version agreed on. @throws EngineUnreachable before the first `connect` */
  get version(): string {
    if (!this.apiVersion) throw new EngineUnreachable('the engine has not been reached yet');
    return this.apiVersion;
  }

  /** A path with the version that was agreed on. */
  versioned(path: string): string {
    return `/v${this.version}${path}`;
  }

  /** Sends a call and reads all of its answer: JSON where the engine says so, else text. */
  async json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    return (await this.read(method, path, call)).body as T;
  }

  /** Undefined where it cannot be told: a proxy may forbid the call, and an engine that is away shows in the next one. */
  private async greetingNow(call: Call): Promise<string | undefined> {
    try {
      return greetingOf((await this.read('HEAD', '/_ping', call)).headers);
    } catch {
      return undefined;
    }
  }

  private async read(
    method: string,
    path: string,
    call: Call,
  ): Promise<{ body: unknown; headers: IncomingHttpHeaders }> {
    const { signal, end } = limited(call.timeoutMs ?? this.timeoutMs, call.signal);
    try {
      const response = await this.send(method, path, { ...call, signal });
      const { headers } = response;
      const body = await textOf(response);
      const isJson = headers['content-type']?.startsWith('application/json') && body !== '';
      return { body: isJson ? JSON.parse(body) : body, headers };
    } catch (error) {
      throw this.explain(error, `${method} ${path}`, signal);
    } finally {
      end();
    }
  }

  /** Sends a call and answers with the response's stream once its status says success. */
  async send(method: string, path: string, call: Call): Promise<IncomingMessage> {
    const query = new URLSearchParams(call.query).toString();
    const dial = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        (call.isApart ? this.dockerApart : this.docker).modem.dial(
          {
            path: query ? `${path}?${query}` : path,
            method,
            // Kept apart, or the modem would repeat the body in the URL.
            options: { _query: {}, _body: call.body ?? {} },
            ...(call.archive ? { file: call.archive } : {}),
            authconfig: call.registryAuth ? { base64: call.registryAuth } : undefined,
            isStream: true,
            abortSignal: call.signal ?? deadline(call.timeoutMs ?? this.timeoutMs),
            statusCodes: succeeded,
          },
          (error, response) => {
            if (error) reject(error);
            else resolve(response as IncomingMessage);
          },
        );
      });
    try {
      return await dial();
    } catch (error) {
      throw this.explain(error, `${method} ${path}`, call.signal);
    }
  }

  private explain(error: unknown, call: string, signal: AbortSignal | undefined): Error {
    if (error instanceof EngineError || error instanceof EngineTimeout || error instanceof EngineUnreachable)
      return error;
    const { statusCode, message, code } = error as { statusCode?: number; message?: string; code?: string };
    if (statusCode !== undefined) {
      // dockerode wraps the engine's own words in "(HTTP code 404) unexpected - … ".
      return new EngineError(call, statusCode, (message ?? '').replace(/^\(HTTP code \d+\) \w+ - /, '').trim());
    }
    if (signal?.aborted) return new EngineTimeout(`the engine did not answer ${call} in time`, { cause: error });
    return new EngineUnreachable(`cannot reach the engine for ${call}: ${code ?? message ?? 'no answer'}`, {
      cause: error,
    });
  }
}

/** Both stand in every answer of an engine (moby, api/server/middleware/version.go). */
function greetingOf({ server, 'api-version': apiVersion }: IncomingHttpHeaders): string | undefined {
  return server && apiVersion ? [server, apiVersion].join() : undefined;
}

/** All of an answer. By its events: an update makes some twenty calls, and an iterator over each costs more than the reading. */
function textOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    response
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text += chunk))
      .once('end', () => {
        resolve(text);
      })
      .once('error', reject)
      .once('close', () => {
        reject(new Error('the answer broke off'));
      });
  });
}

/** The beginning of an answer, a little more than so many bytes at the most. */
export async function readAtMost(stream: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limitBytes) break;
  }
  return Buffer.concat(chunks);
}
