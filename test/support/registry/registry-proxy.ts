import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Namespaces } from '../runner/namespaces.js';
import { PortRelay } from '../engine/port-relay.js';

/** A request for what a tag means: by the engine, before and during each pull. */
const tagRequest = /^\/v2\/(?<repository>.+)\/manifests\/(?<tag>[^:/]+)$/;

/** As the registry names them (OCI distribution spec, error codes). */
const codes: Record<number, string> = { 401: 'UNAUTHORIZED', 404: 'MANIFEST_UNKNOWN', 429: 'TOOMANYREQUESTS' };

/** How requests for tags are answered for a while, instead of by the registry. */
export interface RegistryFailure {
  /** `reset` breaks the connection off. */
  statusCode: number | 'reset';
  times: number;
  /** In the answer's error, as the engine passes it on. */
  message?: string;
  /** Answered in place of the registry's JSON, as a proxy in front of it would. */
  page?: string;
}

/**
 * Stands between the engine and a real registry, and behaves as registries do on a bad day: it goes on serving what a tag
 * meant before a push, or fails for a while.
 */
export class RegistryProxy {
  failure: RegistryFailure | undefined;
  /** Answers in place of the registry where it returns true. */
  lie: ((incoming: IncomingMessage, outgoing: ServerResponse) => boolean) | undefined;
  /** When requests for tags were answered with a failure, epoch milliseconds. */
  readonly failedAt: number[] = [];
  private relay: PortRelay | undefined;
  /** How often it was asked what a tag, or a digest, means. */
  asked = 0;
  private readonly held = new Map<string, string>();
  private readonly server = createServer((incoming, outgoing) => {
    this.handle(incoming, outgoing);
  });

  private constructor(private readonly upstream: string) {}

  /** @param namespaces where an engine of their own is to find it, too, under the same host and port */
  static async start(registry: string, namespaces?: Namespaces): Promise<RegistryProxy> {
    const proxy = new RegistryProxy(registry);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    if (namespaces) proxy.relay = await PortRelay.start(namespaces, Number(proxy.host.split(':')[1]));
    return proxy;
  }

  /** As an image's reference names it. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on the tag means what it means now, whatever is pushed. */
  async hold(image: string): Promise<void> {
    const { repository, tag } = this.split(image);
    this.held.set(`${repository}:${tag}`, await this.digestOf(image));
  }

  /** The tag means what was pushed last. */
  release(image: string): void {
    const { repository, tag } = this.split(image);
    this.held.delete(`${repository}:${tag}`);
  }

  /** What was pushed last under a tag, as the registry behind this says. */
  async digestOf(image: string): Promise<string> {
    const { repository, tag } = this.split(image);
    return digestInRegistry(`${this.upstream}/${repository}:${tag}`);
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
    this.relay?.stop();
  }

  private split(image: string): { repository: string; tag: string } {
    const [, repository = '', tag = ''] = /^[^/]+\/(.+):([^:]+)$/.exec(image) ?? [];
    return { repository, tag };
  }

  private handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (incoming.method !== 'PUT' && incoming.url?.includes('/manifests/')) this.asked++;
    if (this.lie?.(incoming, outgoing)) return;
    const asked = incoming.method === 'PUT' ? undefined : tagRequest.exec(incoming.url ?? '')?.groups;
    if (asked && this.failure && this.failure.times > 0) {
      this.failure.times--;
      this.failedAt.push(Date.now());
      const { statusCode, message = 'a fault made by a test', page } = this.failure;
      if (statusCode === 'reset') {
        incoming.socket.resetAndDestroy();
        return;
      }
      if (page !== undefined) {
        outgoing.writeHead(statusCode, { 'Content-Type': 'text/html' }).end(page);
        return;
      }
      const errors = [{ code: codes[statusCode] ?? 'UNAVAILABLE', message }];
      outgoing.writeHead(statusCode, { 'Content-Type': 'application/json' }).end(JSON.stringify({ errors }));
      return;
    }
    const held = asked && this.held.get(`${asked.repository}:${asked.tag}`);
    const [host, port] = this.upstream.split(':');
    const path = held ? `/v2/${asked.repository}/manifests/${held}` : incoming.url;
    const onward = request({ host, port, path, method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  }
}

const manifestTypes = [
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
];

/** What a registry serves for `host/repository:tag`. @throws Error where it serves nothing */
export async function digestInRegistry(image: string): Promise<string> {
  const digest = (await manifest(image)).headers.get('docker-content-digest');
  if (!digest) throw new Error(`the registry serves no digest for ${image}`);
  return digest;
}

/**
 * Pushes an index of one platform under a tag, as multi-platform builds do.
 * @returns the digests of the index and of the platform's manifest within it
 */
export async function pushIndex(
  tag: string,
  platformTag: string,
  annotation: string,
): Promise<{ index: string; platform: string }> {
  const { headers } = await manifest(platformTag);
  const platform = headers.get('docker-content-digest') ?? '';
  const mediaType = 'application/vnd.docker.distribution.manifest.list.v2+json';
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const entry = {
    mediaType: headers.get('content-type'),
    size: Number(headers.get('content-length')),
    digest: platform,
    platform: { architecture, os: 'linux' },
    annotations: { annotation },
  };
  const answer = await fetch(urlOf(tag), {
    method: 'PUT',
    headers: { 'Content-Type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, manifests: [entry] }),
  });
  if (!answer.ok) throw new Error(`pushing ${tag} was answered ${answer.status}: ${await answer.text()}`);
  return { index: answer.headers.get('docker-content-digest') ?? '', platform };
}

async function manifest(image: string): Promise<Response> {
  const answer = await fetch(urlOf(image), { headers: { Accept: manifestTypes.join(', ') } });
  if (!answer.ok) throw new Error(`${image} was answered ${answer.status}`);
  return answer;
}

function urlOf(image: string): string {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(image) ?? [];
  return `http://${host}/v2/${repository}/manifests/${tag}`;
}
