import { Inject, Injectable } from '@nestjs/common';
import Docker from 'dockerode';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { deadline } from '../config/deadline.js';
import { settings, type Settings } from '../config/settings.js';
import { compareApiVersions, negotiateApiVersion } from './api-version.js';
import { EngineAgent } from './engine-agent.js';
import { EngineError, EngineTimeout, EngineUnreachable } from './engine-error.js';
import type { FilesystemChange, PathStat } from './injected-files.js';
import type {
  ContainerInspect,
  ContainerSummary,
  CreateRequest,
  Descriptor,
  EndpointSettings,
  EngineInfo,
  EngineVersion,
  ImageInspect,
  RestartPolicy,
} from './engine-types.js';

interface Call {
  query?: Record<string, string>;
  body?: object;
  /** A tar archive, in place of a body of JSON. */
  archive?: Buffer;
  /** The value of `X-Registry-Auth`. */
  registryAuth?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

const manifestsSince = '1.48';
/** Headers and padding of a tar archive of one file. */
const archiveOverheadBytes = 64 * 1024;
const succeeded = Object.fromEntries([200, 201, 204, 304].map((code) => [code, true]));

/**
 * The calls of the Docker Engine API that this service makes, and no others. Each has a deadline.
 *
 * All go through dockerode's connection, but not through its methods: those put request bodies, secrets included, into the
 * URL, drop the warnings of a create, and wait for ever. Every call may throw EngineError, EngineUnreachable and EngineTimeout.
 */
@Injectable()
export class Engine {
  private readonly docker: Docker;
  private readonly timeoutMs: number;
  private engineVersion: EngineVersion | undefined;
  private apiVersion: string | undefined;

  constructor(@Inject(settings.KEY) { engine, engineTimeoutMs }: Pick<Settings, 'engine' | 'engineTimeoutMs'>) {
    this.timeoutMs = engineTimeoutMs;
    // An explicit `host: undefined` keeps dockerode from reading DOCKER_HOST by itself.
    this.docker = new Docker({
      host: engine.host,
      port: engine.port,
      protocol: engine.tls ? 'https' : 'http',
      // Over TLS Node's own agent, which also keeps connections: sessions and names of servers are its business.
      ...(engine.tls ?? { agent: new EngineAgent() }),
      ...(engine.socketPath ? { socketPath: engine.socketPath } : {}),
    });
  }

  /** Agrees with the engine on an API version, anew each time: it may have been upgraded since. */
  async connect(signal?: AbortSignal): Promise<string> {
    this.engineVersion = await this.json<EngineVersion>('GET', '/version', { timeoutMs: 10_000, signal });
    this.apiVersion = negotiateApiVersion(this.engineVersion);
    return this.apiVersion;
  }

  /** The API version agreed on. @throws EngineUnreachable before the first `connect` */
  get version(): string {
    if (!this.apiVersion) throw new EngineUnreachable('the engine has not been reached yet');
    return this.apiVersion;
  }

  /** An image's platform as `os/arch`, where it is not the engine's own and has to be asked for. */
  foreignPlatform({ Os, Architecture }: Pick<ImageInspect, 'Os' | 'Architecture'>): string | undefined {
    const isOwn = Os === this.engineVersion?.Os && Architecture === this.engineVersion?.Arch;
    return isOwn || !Os || !Architecture ? undefined : `${Os}/${Architecture}`;
  }

  async ping(signal?: AbortSignal): Promise<void> {
    await this.json('GET', '/_ping', { timeoutMs: 5000, signal });
  }

  inspectContainer(nameOrId: string): Promise<ContainerInspect> {
    return this.json('GET', this.versioned(`/containers/${encodeURIComponent(nameOrId)}/json`));
  }

  /** All containers, running or not, whose names match the regular expression. */
  listContainersByName(pattern: string): Promise<ContainerSummary[]> {
    return this.json('GET', this.versioned('/containers/json'), {
      query: { all: '1', filters: JSON.stringify({ name: [pattern] }) },
    });
  }

  /** All containers, running or not. */
  listContainers(): Promise<ContainerSummary[]> {
    return this.json('GET', this.versioned('/containers/json'), { query: { all: '1' } });
  }

  /** @param label `name=value` */
  listRunningByLabel(label: string): Promise<ContainerSummary[]> {
    return this.json('GET', this.versioned('/containers/json'), {
      query: { filters: JSON.stringify({ label: [label] }) },
    });
  }

  /** With the manifests of its platforms where the engine can tell them (API 1.48, containerd image store). */
  inspectImage(reference: string): Promise<ImageInspect> {
    const query: Record<string, string> =
      compareApiVersions(this.version, manifestsSince) >= 0 ? { manifests: '1' } : {};
    return this.json('GET', this.versioned(`/images/${reference}/json`), { query });
  }

  /** What the registry serves for a reference: the engine asks it, and pulls nothing. */
  async inspectDistribution(
    reference: string,
    registryAuth: string | undefined,
    signal: AbortSignal,
  ): Promise<Descriptor> {
    const { Descriptor } = await this.json<{ Descriptor: Descriptor }>(
      'GET',
      this.versioned(`/distribution/${reference}/json`),
      { registryAuth, timeoutMs: 15_000, signal },
    );
    return Descriptor;
  }

  /** Gives an image a tag, which it takes from the image that has it. */
  async tagImage(imageId: string, { repo, tag }: { repo: string; tag: string }): Promise<void> {
    await this.json('POST', this.versioned(`/images/${imageId}/tag`), { query: { repo, tag } });
  }

  /**
   * Removes an image, and no other for its sake; the engine refuses (409) where a container or several tags need it. By
   * one of several names, only that name is taken away.
   */
  async removeImage(idOrName: string): Promise<void> {
    await this.json('DELETE', this.versioned(`/images/${idOrName}`), {
      query: { noprune: '1' },
      timeoutMs: 2 * this.timeoutMs,
    });
  }

  info(): Promise<EngineInfo> {
    return this.json('GET', this.versioned('/info'));
  }

  /** Begins a pull. What the stream says decides: the engine answers 200 before it has asked the registry for all of it. */
  pullImage(
    image: { fromImage: string; tag: string; platform?: string },
    registryAuth: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { platform, ...rest } = image;
    const query: Record<string, string> = platform ? { ...rest, platform } : rest;
    return this.send('POST', this.versioned('/images/create'), { query, registryAuth, signal });
  }

  createContainer(
    name: string,
    body: CreateRequest,
    platform?: string,
  ): Promise<{ Id: string; Warnings?: string[] | null }> {
    const query: Record<string, string> = platform ? { name, platform } : { name };
    return this.json('POST', this.versioned('/containers/create'), { query, body, timeoutMs: 5 * this.timeoutMs });
  }

  /** What a container has added to, changed in or deleted from its image's files. */
  async containerChanges(containerId: string): Promise<FilesystemChange[]> {
    const changes = await this.json<FilesystemChange[] | null>(
      'GET',
      this.versioned(`/containers/${containerId}/changes`),
    );
    return changes ?? [];
  }

  async statPath(containerId: string, path: string): Promise<PathStat | undefined> {
    const response = await this.send('HEAD', this.versioned(`/containers/${containerId}/archive`), { query: { path } });
    const stat = response.headers['x-docker-container-path-stat'];
    response.resume();
    return typeof stat === 'string' ? (JSON.parse(Buffer.from(stat, 'base64').toString()) as PathStat) : undefined;
  }

  /** A file of a container, as a tar archive. @throws EngineError where it is larger than `mostBytes` */
  async readArchive(containerId: string, path: string, mostBytes: number): Promise<Buffer> {
    const response = await this.send('GET', this.versioned(`/containers/${containerId}/archive`), { query: { path } });
    const most = mostBytes + archiveOverheadBytes;
    const archive = await readAtMost(response, most);
    if (archive.length > most) throw new EngineError(`the archive of ${path}`, 413, 'the file is too large');
    return archive;
  }

  /** Unpacks a tar archive of files with whole paths in a container. */
  async writeArchive(containerId: string, archive: Buffer): Promise<void> {
    await this.json('PUT', this.versioned(`/containers/${containerId}/archive`), { query: { path: '/' }, archive });
  }

  async connectNetwork(network: string, containerId: string, endpoint: EndpointSettings): Promise<void> {
    const body = { Container: containerId, EndpointConfig: endpoint };
    await this.json('POST', this.versioned(`/networks/${encodeURIComponent(network)}/connect`), { body });
  }

  async disconnectNetwork(network: string, containerId: string): Promise<void> {
    await this.json('POST', this.versioned(`/networks/${encodeURIComponent(network)}/disconnect`), {
      body: { Container: containerId, Force: true },
    });
  }

  inspectNetwork(network: string): Promise<{ Name: string; Scope: string }> {
    return this.json('GET', this.versioned(`/networks/${encodeURIComponent(network)}`));
  }

  async updateRestartPolicy(containerId: string, policy: RestartPolicy): Promise<void> {
    await this.json('POST', this.versioned(`/containers/${containerId}/update`), { body: { RestartPolicy: policy } });
  }

  async renameContainer(containerId: string, name: string): Promise<void> {
    await this.json('POST', this.versioned(`/containers/${containerId}/rename`), { query: { name } });
  }

  async startContainer(containerId: string): Promise<void> {
    await this.json('POST', this.versioned(`/containers/${containerId}/start`), { timeoutMs: 2 * this.timeoutMs });
  }

  /**
   * Stops with the container's own signal and grace, or with `graceSeconds`; answers once it no longer runs.
   * @param options.graceMs what the container may take before the engine kills it
   */
  async stopContainer(
    containerId: string,
    options: { graceSeconds?: number; graceMs: number; signal?: AbortSignal },
  ): Promise<void> {
    const query: Record<string, string> = options.graceSeconds === undefined ? {} : { t: String(options.graceSeconds) };
    await this.json('POST', this.versioned(`/containers/${containerId}/stop`), {
      query,
      timeoutMs: options.graceMs + this.timeoutMs / 2,
      signal: options.signal,
    });
  }

  async killContainer(containerId: string): Promise<void> {
    await this.json('POST', this.versioned(`/containers/${containerId}/kill`));
  }

  /** Removes a container that does not run; its volumes stay. */
  async removeContainer(containerId: string): Promise<void> {
    await this.json('DELETE', this.versioned(`/containers/${containerId}`), { timeoutMs: 2 * this.timeoutMs });
  }

  /** The last lines of a container's output, as the engine sends them: multiplexed unless the container has a terminal. */
  async containerLogs(containerId: string, lines: number): Promise<Buffer> {
    const response = await this.send('GET', this.versioned(`/containers/${containerId}/logs`), {
      query: { stdout: '1', stderr: '1', tail: String(lines) },
      timeoutMs: 10_000,
    });
    return readAtMost(response, 256 * 1024);
  }

  private versioned(path: string): string {
    return `/v${this.version}${path}`;
  }

  private async json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const signal = AbortSignal.any([deadline(call.timeoutMs ?? this.timeoutMs), ...(call.signal ? [call.signal] : [])]);
    try {
      const response = await this.send(method, path, { ...call, signal });
      const body = await text(response);
      return (response.headers['content-type']?.startsWith('application/json') ? JSON.parse(body) : body) as T;
    } catch (error) {
      throw this.explain(error, `${method} ${path}`, signal);
    }
  }

  /** Sends a call and answers with the response's stream once its status says success. */
  private async send(method: string, path: string, call: Call): Promise<IncomingMessage> {
    const query = new URLSearchParams(call.query).toString();
    const dial = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        this.docker.modem.dial(
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

async function readAtMost(stream: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limitBytes) break;
  }
  return Buffer.concat(chunks);
}
