import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
const dockerConfig = 'application/vnd.docker.container.image.v1+json';
const dockerLayer = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

/**
 * Pushes an index with the image of a tag and an attestation of it, as BuildKit does (moby/buildkit
 * docs/attestations/attestation-storage.md): pushed again with another text, the index is new and the image is the same.
 */
export async function pushWithAttestation(
  repository: string,
  from: string,
  to: string,
  attestation: string,
): Promise<void> {
  const { content, digest } = await manifest(repository, from);
  const config = await pushBlob(repository, JSON.stringify({ architecture: 'unknown', os: 'unknown', config: {} }));
  const layer = await pushBlob(repository, JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', attestation }));
  const attesting = await pushManifest(repository, undefined, ociManifest, {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.in-toto+json', ...layer }],
  });
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
  await pushManifest(repository, to, ociIndex, {
    schemaVersion: 2,
    mediaType: ociIndex,
    manifests: [
      { mediaType: dockerManifest, digest, size: content.length, platform: { architecture: arch, os: 'linux' } },
      {
        ...{ mediaType: ociManifest, ...attesting, platform: { architecture: 'unknown', os: 'unknown' } },
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest },
      },
    ],
  });
}

/** What an image is made of: its configuration, and its layers as tar archives. */
export interface ImageParts {
  config: string;
  layers: readonly Buffer[];
}

/** Pushes an image in the form in which an engine does it, but without one: that costs a fraction. */
export async function pushParts(reference: string, { config, layers }: ImageParts): Promise<void> {
  const { repository, tag } = splitReference(reference);
  const packed = layers.map((layer) => gzipSync(layer, { level: 1 }));
  const pushed: Descriptor[] = [];
  for (const blob of [config, ...packed]) pushed.push(await pushBlob(repository, blob));
  const [configuration, ...rest] = pushed;
  await pushManifest(repository, tag, dockerManifest, {
    schemaVersion: 2,
    mediaType: dockerManifest,
    config: { mediaType: dockerConfig, ...configuration },
    layers: rest.map((layer) => ({ mediaType: dockerLayer, ...layer })),
  });
}

/** Lets a reference mean an image that the registry has already, as a push of that image would. */
export async function retag(reference: string, digest: string): Promise<void> {
  const { repository, tag } = splitReference(reference);
  const { content } = await manifest(repository, digest);
  await pushManifest(repository, tag, dockerManifest, content);
}

interface Descriptor {
  digest: string;
  size: number;
}

async function manifest(repository: string, tag: string): Promise<{ content: Buffer; digest: string }> {
  const response = await call(`${urlOf(repository)}/manifests/${tag}`, { headers: { Accept: dockerManifest } });
  const content = Buffer.from(await response.arrayBuffer());
  return { content, digest: digestOf(content) };
}

/** Where a registry has a blob, so that another repository of it can have it without an upload. */
const homes = new Map<string, string>();

async function pushBlob(repository: string, content: string | Buffer): Promise<Descriptor> {
  const body = Buffer.from(content);
  const descriptor = { digest: digestOf(body), size: body.length };
  const slash = repository.indexOf('/');
  const [host, name] = [repository.slice(0, slash), repository.slice(slash + 1)];
  const blob = `${host} ${descriptor.digest}`;
  const home = homes.get(blob);
  if (home === name) return descriptor;
  const mount =
    home === undefined ? '' : `?${new URLSearchParams({ mount: descriptor.digest, from: home }).toString()}`;
  const { headers, status } = await call(`${urlOf(repository)}/blobs/uploads/${mount}`, { method: 'POST' });
  homes.set(blob, name);
  if (status === 201) return descriptor;
  const location = new URL(headers.get('location') ?? '', urlOf(repository));
  location.searchParams.set('digest', descriptor.digest);
  await call(location, { method: 'PUT', body, headers: { 'Content-Type': 'application/octet-stream' } });
  return descriptor;
}

async function pushManifest(
  repository: string,
  tag: string | undefined,
  mediaType: string,
  manifest: object | Buffer,
): Promise<Descriptor> {
  const body = Buffer.isBuffer(manifest) ? manifest.toString() : JSON.stringify(manifest);
  const digest = digestOf(Buffer.from(body));
  await call(`${urlOf(repository)}/manifests/${tag ?? digest}`, {
    ...{ method: 'PUT', body, headers: { 'Content-Type': mediaType } },
  });
  return { digest, size: body.length };
}

/** @param reference `host:port/name:tag` */
export function splitReference(reference: string): { repository: string; tag: string } {
  const at = reference.lastIndexOf(':');
  return { repository: reference.slice(0, at), tag: reference.slice(at + 1) };
}

/** @param repository `host:port/name` */
function urlOf(repository: string): string {
  return `http://${repository.replace('/', '/v2/')}`;
}

async function call(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${String(url)} answers ${response.status}: ${await response.text()}`);
  return response;
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
