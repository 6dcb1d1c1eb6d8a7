import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { settings, type Settings } from '../../config/settings.js';
import { compareApiVersions } from './api-version.js';
import { EngineConnection, readAtMost } from './engine-connection.js';
import { lastAttributes, pathStatIn, signalsSinceStart } from './engine-answers.js';
import { EngineError, hasStatus } from './engine-error.js';
import type {
  ContainerInspect,
  ContainerSummary,
  CreateRequest,
  Distribution,
  EndpointSettings,
  EngineInfo,
  HostConfig,
  ImageInspect,
  RestartPolicy,
  FilesystemChange,
  PathStat,
} from './engine-types.js';
import { platformToAskFor } from './platform.js';

const manifestsSince = '1.48';
/** Headers and padding of a tar archive of one file. */
const archiveOverheadBytes = 64 * 1024;
const historyKnownWithinMs = 5000;
const longestHistoryBytes = 1024 * 1024;
/** No content has this digest. */
const absentImage = `sha256:${'0'.repeat(64)}`;

/**
 * The calls of the Docker Engine API that this service makes, and no others, but for those of a Swarm
 * (swarm/swarm-manager.ts). Each has a deadline, and may throw EngineError, EngineUnreachable and EngineTimeout.
 */
@Injectable()
export class Engine extends EngineConnection {
  /** The most that a container may take to stop, whatever its own grace: see stop-time.ts. */
  readonly maxStopMs: number;
  private lastInfo: EngineInfo | undefined;

  constructor(@Inject(settings.KEY) configured: Pick<Settings, 'engine' | 'engineTimeoutMs' | 'maxStopMs'>) {
    super(configured);
    this.maxStopMs = configured.maxStopMs;
  }

  /** An image's platform, if it is not the engine's own and has to be asked for. */
  foreignPlatform(image: Pick<ImageInspect, 'Os' | 'Architecture' | 'Variant'>): string | undefined {
    return platformToAskFor(image, this.engineVersion);
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

  /** Something to read whenever a container comes, goes, or gets another name, for as long as the engine lives. */
  nameEvents(signal: AbortSignal): Promise<IncomingMessage> {
    const filters = JSON.stringify({ type: ['container'], event: ['create', 'rename', 'destroy'] });
    return this.send('GET', this.versioned('/events'), { query: { filters }, signal });
  }

  /**
   * Name and labels of a container that is gone, as long as the engine remembers its removal: it keeps its last 256 events.
   * @returns the event's attributes (`name`, `image` and each label); undefined if the engine has forgotten it
   */
  async removedContainer(containerId: string): Promise<Record<string, string> | undefined> {
    return lastAttributes(await this.pastEvents(containerId, ['destroy']));
  }

  /**
   * What the engine remembers of a container since its last start: it keeps its last 256 events, and forgets them when it ends.
   * @returns the signals that somebody had sent to it, by their numbers, the engine itself included as it shuts down; undefined if the
   *   engine has forgotten the start
   */
  async signalsSinceStart(containerId: string): Promise<string[] | undefined> {
    return signalsSinceStart(await this.pastEvents(containerId, ['start', 'kill']));
  }

  /** Of its last 256 events those of a container, one JSON document a line. */
  private async pastEvents(containerId: string, event: readonly string[]): Promise<string> {
    // The engine's own time: with a later one it would keep the answer open until then.
    const { SystemTime } = await this.info();
    const filters = JSON.stringify({ type: ['container'], event, container: [containerId] });
    const query = { since: '0', until: String(Date.parse(SystemTime ?? '') / 1000), filters };
    const response = await this.send('GET', this.versioned('/events'), { query, timeoutMs: historyKnownWithinMs });
    return (await readAtMost(response, longestHistoryBytes)).toString();
  }

  /**
   * Whether the engine's host has what a container needs of it: asks for a container of an image that there cannot be, which the
   * engine refuses after it has looked at the host configuration. Nothing is ever created.
   * @returns what the engine finds wrong; undefined if nothing is
   */
  async refusalOfHostConfig(hostConfig: HostConfig): Promise<string | undefined> {
    const body: CreateRequest = { Image: absentImage, HostConfig: hostConfig };
    try {
      await this.json('POST', this.versioned('/containers/create'), { body });
    } catch (error) {
      if (hasStatus(error, 400)) return (error as EngineError).detail;
      if (!(error instanceof EngineError)) throw error;
    }
    return undefined;
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
  inspectDistribution(reference: string, registryAuth: string | undefined, signal: AbortSignal): Promise<Distribution> {
    return this.json('GET', this.versioned(`/distribution/${reference}/json`), {
      registryAuth,
      timeoutMs: 15_000,
      signal,
    });
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

  async info(): Promise<EngineInfo> {
    this.lastInfo = await this.json<EngineInfo>('GET', this.versioned('/info'));
    return this.lastInfo;
  }

  /** What it said when it was asked for `info` last, for that takes it a while: good for what changes with a restart alone. */
  async knownInfo(): Promise<EngineInfo> {
    return this.lastInfo ?? this.info();
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
    return typeof stat === 'string' ? pathStatIn(stat) : undefined;
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

  inspectNetwork(network: string): Promise<{ Id: string; Name: string; Scope: string }> {
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

  /**
   * Removes a container that does not run; its volumes stay.
   * @param options.withVolumes for one that has none but anonymous ones that nothing else uses
   */
  async removeContainer(containerId: string, { withVolumes = false } = {}): Promise<void> {
    await this.json('DELETE', this.versioned(`/containers/${containerId}`), {
      query: withVolumes ? { v: '1' } : {},
      timeoutMs: 2 * this.timeoutMs,
    });
  }

  /** Removes a volume; the engine refuses (409) where a container has it, running or not. */
  async removeVolume(name: string): Promise<void> {
    await this.json('DELETE', this.versioned(`/volumes/${name}`), { timeoutMs: 2 * this.timeoutMs });
  }

  /** The last lines of a container's output, as the engine sends them: multiplexed unless the container has a terminal. */
  containerLogs(containerId: string, lines: number, signal: AbortSignal): Promise<IncomingMessage> {
    const query = { stdout: '1', stderr: '1', tail: String(lines) };
    return this.send('GET', this.versioned(`/containers/${containerId}/logs`), { query, signal });
  }
}
