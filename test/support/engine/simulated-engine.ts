import type { IncomingMessage } from 'node:http';
import { json as bodyOf } from 'node:stream/consumers';
import type { ContainerInspect, CreateRequest, ImageInspect } from '../../../src/docker/engine/engine-types.js';
import { containerInspect } from '../fixtures/containers.js';
import { createdBy } from './engine-model.js';
import { FakeEngine, json, neverAnswer } from './fake-engine.js';

type Answer = [status: number, body: unknown];
type Call = (match: RegExpExecArray, query: URLSearchParams, request: IncomingMessage) => Answer | Promise<Answer>;

/**
 * An engine in memory, for what the service makes of one: it has containers, images and a registry that serves an image for each
 * reference. What a real engine does is tested on a real engine.
 */
export class SimulatedEngine {
  readonly containers = new Map<string, ContainerInspect>();
  readonly images = new Map<string, ImageInspect>();
  /** The image that a reference means here. */
  readonly tags = new Map<string, string>();
  /** The image that the registry serves for a reference. */
  readonly registry = new Map<string, ImageInspect>();
  /** Images of which each container ends right after its start. */
  readonly failing = new Set<string>();
  private created = 0;

  private constructor(private readonly fake: FakeEngine) {
    const containerPath = String.raw`^/containers/([^/?]+)`;
    fake.on('GET', /^\/events/, neverAnswer);
    // What has been is forgotten.
    fake.on('GET', /^\/events\?.*\buntil=/, (_, response) => response.end());
    fake.on('GET', /^\/info$/, json({ ID: 'simulated', Swarm: { LocalNodeState: 'inactive' } }));
    this.serve('GET', /^\/containers\/json/, (_, query) => [200, this.list(query.get('filters'))]);
    this.serve('GET', new RegExp(`${containerPath}/json`), ([, id = '']) => {
      const found = this.find(id);
      return found ? [200, found] : [404, { message: `No such container: ${id}` }];
    });
    this.serve('GET', new RegExp(`${containerPath}/changes`), () => [200, []]);
    this.serve('HEAD', new RegExp(`${containerPath}/archive`), () => [404, {}]);
    this.serve('GET', new RegExp(`${containerPath}/logs`), () => [200, '']);
    this.serve('POST', /^\/containers\/create/, async (_, query, request) =>
      this.create(query.get('name') ?? '', (await bodyOf(request)) as CreateRequest),
    );
    this.change('start', ({ Image }) => {
      const isFailing = this.failing.has(Image);
      return isFailing
        ? { Status: 'exited', Running: false, ExitCode: 1, StartedAt: now(), FinishedAt: now() }
        : { Status: 'running', Running: true, StartedAt: now() };
    });
    for (const action of ['stop', 'kill'])
      this.change(action, () => ({ Status: 'exited', Running: false, FinishedAt: now() }));
    this.serve('POST', new RegExp(`${containerPath}/rename`), ([, id = ''], query) => {
      const [found, name] = [this.find(id), query.get('name') ?? ''];
      if (this.find(name)) return [409, { message: `Conflict. The container name "/${name}" is already in use` }];
      if (found) this.containers.set(found.Id, { ...found, Name: `/${name}` });
      return [204, undefined];
    });
    this.serve('POST', new RegExp(`${containerPath}/update`), async ([, id = ''], _, request) => {
      const found = this.find(id);
      const changes = (await bodyOf(request)) as ContainerInspect['HostConfig'];
      if (found) this.containers.set(found.Id, { ...found, HostConfig: { ...found.HostConfig, ...changes } });
      return [200, { Warnings: null }];
    });
    this.serve('DELETE', new RegExp(containerPath), ([, id = '']) => {
      const found = this.find(id);
      if (found) this.containers.delete(found.Id);
      return [found ? 204 : 404, {}];
    });
    this.serve('GET', /^\/images\/(.+)\/json/, ([, name = '']) => {
      const image = this.images.get(this.tags.get(decodeURIComponent(name)) ?? decodeURIComponent(name));
      const RepoTags = [...this.tags].filter(([, id]) => id === image?.Id).map(([tag]) => tag);
      return image ? [200, { ...image, RepoTags }] : [404, { message: `No such image: ${name}` }];
    });
    this.serve('POST', /^\/images\/create/, (_, query) => this.pull(`${query.get('fromImage')}:${query.get('tag')}`));
    this.serve('POST', /^\/images\/([^/]+)\/tag/, ([, id = ''], query) => {
      this.tags.set(`${query.get('repo')}:${query.get('tag')}`, id);
      return [201, undefined];
    });
    this.serve('DELETE', /^\/images\/([^?]+)/, () => [200, []]);
    this.serve('GET', /^\/networks\/([^/?]+)/, ([, name = '']) => [200, { Id: name, Name: name, Scope: 'local' }]);
  }

  static async start(): Promise<SimulatedEngine> {
    return new SimulatedEngine(await FakeEngine.start());
  }

  get dockerHost(): string {
    return this.fake.dockerHost;
  }

  /** Calls that it does not know. */
  get unexpected(): string[] {
    return this.fake.unexpected;
  }

  /** A container that runs, from an image that the registry serves too. */
  run(
    name: string,
    reference: string,
    Config: Partial<ContainerInspect['Config']> = {},
    HostConfig: ContainerInspect['HostConfig'] = {},
  ): ContainerInspect {
    const Id = this.nextId();
    const image = this.registry.get(reference) ?? this.serveImage(reference, 1);
    this.images.set(image.Id, image);
    this.tags.set(reference, image.Id);
    const container = containerInspect({
      ...{ Id, Name: `/${name}`, Image: image.Id },
      Config: { Image: reference, Hostname: Id.slice(0, 12), ...Config },
      NetworkSettings: { Networks: { bridge: {} } },
      HostConfig: { NetworkMode: 'bridge', RestartPolicy: { Name: 'no' }, ...HostConfig },
    });
    this.containers.set(container.Id, container);
    return container;
  }

  /** Pushes an image: the registry serves it from now on. @returns the image */
  serveImage(reference: string, version: number): ImageInspect {
    const digest = `sha256:${String(version).padStart(64, '0')}`;
    const image = {
      ...{ Id: digest.replace(/0/g, 'a'), Os: 'linux', Architecture: 'amd64', Size: 1 },
      ...{ RepoDigests: [`${reference.slice(0, reference.lastIndexOf(':'))}@${digest}`] },
      ...{ Config: { Cmd: ['serve'], Env: [`VERSION=${version}`] }, RootFS: { Type: 'layers', Layers: [digest] } },
    } as unknown as ImageInspect;
    this.registry.set(reference, image);
    return image;
  }

  byName(name: string): ContainerInspect | undefined {
    return [...this.containers.values()].find(({ Name }) => Name === `/${name}`);
  }

  /** Forgets all that it has. */
  clear(): void {
    for (const all of [this.containers, this.images, this.tags, this.registry, this.failing]) all.clear();
  }

  stop(): void {
    this.fake.stop();
  }

  private nextId(): string {
    return (++this.created).toString(16).padStart(12, '0').repeat(6).slice(0, 64);
  }

  private find(idOrName: string): ContainerInspect | undefined {
    const name = decodeURIComponent(idOrName);
    return this.byName(name) ?? [...this.containers.values()].find(({ Id }) => Id.startsWith(name));
  }

  private list(filters: string | null): object[] {
    const { name = [], label } = JSON.parse(filters ?? '{}') as { name?: string[]; label?: string[] };
    if (label) return [];
    return [...this.containers.values()]
      .filter(({ Name }) => name.length === 0 || name.some((pattern) => new RegExp(pattern).test(Name)))
      .map(({ Id, Name, Image, State, Config, HostConfig, Mounts, NetworkSettings }) => ({
        ...{ Id, Names: [Name], Image: Config.Image, ImageID: Image, Labels: Config.Labels ?? {}, Mounts },
        ...{ State: State.Status, HostConfig, NetworkSettings, Created: 0, Ports: [] },
      }));
  }

  private create(name: string, request: CreateRequest): Answer {
    const image = this.images.get(this.tags.get(request.Image ?? '') ?? request.Image ?? '');
    if (!image) return [404, { message: `No such image: ${request.Image ?? ''}` }];
    const id = this.nextId();
    this.containers.set(id, { ...createdBy(request, image, { id, apiVersion: '1.41' }), Name: `/${name}` });
    return [201, { Id: id, Warnings: [] }];
  }

  private pull(reference: string): Answer {
    const image = this.registry.get(reference);
    if (!image) return [404, { message: `manifest for ${reference} not found: manifest unknown` }];
    this.images.set(image.Id, image);
    this.tags.set(reference, image.Id);
    const [, digest] = image.RepoDigests?.[0]?.split('@') ?? [];
    const lines = [`Digest: ${digest}`, `Status: Downloaded newer image for ${reference}`];
    return [200, lines.map((status) => `${JSON.stringify({ status })}\r\n`).join('')];
  }

  private change(action: string, state: (container: ContainerInspect) => Partial<ContainerInspect['State']>): void {
    this.serve('POST', new RegExp(String.raw`^/containers/([^/?]+)/${action}`), ([, id = '']) => {
      const found = this.find(id);
      if (!found) return [404, { message: `No such container: ${id}` }];
      this.containers.set(found.Id, { ...found, State: { ...found.State, ...state(found) } });
      return [204, undefined];
    });
  }

  private serve(method: string, path: RegExp, call: Call): void {
    this.fake.on(method, path, (request, response) => {
      const url = (request.url ?? '').replace(/^\/v1\.\d+/, '');
      const query = new URL(url, 'http://engine').searchParams;
      const match = path.exec(url);
      void Promise.resolve(match ? call(match, query, request) : ([500, {}] as Answer)).then(([status, body]) => {
        response.writeHead(status, { 'Content-Type': 'application/json' });
        response.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
  }
}

function now(): string {
  return new Date().toISOString();
}
