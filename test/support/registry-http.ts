import { createHash } from 'node:crypto';

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
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

/** Lets a reference mean an image that the registry has already, as a push of that image would. */
export async function retag(reference: string, digest: string): Promise<void> {
  const at = reference.lastIndexOf(':');
  const [repository, tag] = [reference.slice(0, at), reference.slice(at + 1)];
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

async function pushBlob(repository: string, content: string): Promise<Descriptor> {
  const digest = digestOf(Buffer.from(content));
  const { headers } = await call(`${urlOf(repository)}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(headers.get('location') ?? '', urlOf(repository));
  location.searchParams.set('digest', digest);
  await call(location, { method: 'PUT', body: content, headers: { 'Content-Type': 'application/octet-stream' } });
  return { digest, size: content.length };
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

/** @param repository `host:port/name` */
function urlOf(repository: string): string {
  const [host = '', name = ''] = repository.split('/');
  return `http://${host}/v2/${name}`;
}

async function call(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${String(url)} answers ${response.status}: ${await response.text()}`);
  return response;
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
