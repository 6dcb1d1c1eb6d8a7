import type Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { busyboxFor } from './busybox.js';
import { finish } from './progress.js';
import { digestOf, pushParts, splitReference, type ImageParts } from './registry-http.js';
import type { Account } from './registry.js';

/** What an image can say of its containers, beyond what an AppImage has a word for, as the engine's API spells it. */
type ImageConfig = Partial<Pick<Docker.ContainerCreateOptions, 'User' | 'ExposedPorts' | 'Volumes' | 'Healthcheck'>>;

/** A tiny web server that answers its version: busybox httpd, started in well under a second, stopped at once. */
export interface AppImage {
  version: string;
  /** A file system to stand on, as a tar archive. */
  base?: Buffer;
  env?: Record<string, string>;
  labels?: Record<string, string>;
  workdir?: string;
  cmd?: string[];
  entrypoint?: string[];
  stopSignal?: string;
  config?: ImageConfig;
  files?: Record<string, string | Buffer>;
}

export const serveCommand = ['/bin/busybox', 'httpd', '-f', '-p', '80', '-h', '/www'];
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Makes the image and tags it: loaded, in the form of `docker save`, which costs the engine a fraction of a build. The same
 * content is the same image.
 */
export async function buildImage(docker: Docker, reference: string, image: AppImage): Promise<void> {
  const { config, layers } = await partsOf(docker, image);
  const saved = await archive({
    'config.json': config,
    ...Object.fromEntries(layers.map((layer, index) => [`${index}.tar`, layer])),
    'manifest.json': JSON.stringify([
      { Config: 'config.json', RepoTags: [reference], Layers: layers.map((_, index) => `${index}.tar`) },
    ]),
  });
  const output = await docker.loadImage(Readable.from([saved]), { quiet: true });
  await finish(output, `loading ${reference}`);
}

async function partsOf(docker: Docker, image: AppImage): Promise<ImageParts> {
  const program = await archive({ 'bin/busybox': await busyboxFor(docker) }, { 'bin/sh': 'busybox' });
  const content = await archive({ 'www/index.html': image.version, ...image.files });
  const layers = [...(image.base ? [image.base] : []), program, content];
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: configOf(image),
    rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
  });
  return { config, layers };
}

function configOf({ env, labels, workdir, cmd, entrypoint, stopSignal, config }: AppImage): object {
  return {
    Env: Object.entries({ PATH: defaultPath, ...env }).map((pair) => pair.join('=')),
    Labels: labels,
    WorkingDir: workdir,
    Entrypoint: entrypoint,
    Cmd: cmd ?? serveCommand,
    StopSignal: stopSignal ?? 'SIGKILL',
    ...config,
  };
}

/** A tar archive, always the same for the same files. */
function archive(files: Record<string, string | Buffer>, links: Record<string, string> = {}): Promise<Buffer> {
  const packed = pack();
  const mtime = new Date(0);
  for (const [name, content] of Object.entries(files)) packed.entry({ name, mode: 0o755, mtime }, content);
  for (const [name, linkname] of Object.entries(links)) packed.entry({ name, type: 'symlink', linkname, mtime });
  packed.finalize();
  return buffer(packed);
}

export async function pushImage(docker: Docker, reference: string, account?: Account): Promise<void> {
  const { tag } = splitReference(reference);
  await finish(
    await docker.getImage(reference).push({ tag, authconfig: { ...account, serveraddress: '' } as never }),
    `pushing ${reference}`,
  );
}

/** Publishes an image as CI does that has built it elsewhere: the registry has it, and the engine has nothing of it. */
export async function publish(docker: Docker, reference: string, image: AppImage, account?: Account): Promise<void> {
  // Only an engine knows how to authenticate.
  if (account) await publishByEngine(docker, reference, image, account);
  else await pushParts(reference, await partsOf(docker, image));
}

/** What the engine had by that name it has again afterwards. */
async function publishByEngine(docker: Docker, reference: string, image: AppImage, account: Account): Promise<void> {
  const built = `${reference}-built`;
  await buildImage(docker, built, image);
  const { repository: repo, tag } = splitReference(reference);
  const before = await docker
    .getImage(reference)
    .inspect()
    .catch(() => undefined);
  await docker.getImage(built).tag({ repo, tag });
  await pushImage(docker, reference, account);
  if (before) await docker.getImage(before.Id).tag({ repo, tag });
  else await docker.getImage(reference).remove({ noprune: true });
  await docker.getImage(built).remove();
}

/** Publishes an image with a layer that takes a while to download, and of which the engine speaks. */
export function publishUnseen(docker: Docker, reference: string, image: AppImage, account?: Account): Promise<void> {
  return publish(docker, reference, { ...image, files: { ...image.files, blob: randomBytes(4_000_000) } }, account);
}
