import type Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { pack } from 'tar-stream';
import { busyboxFor } from './busybox.js';
import { finish } from './progress.js';
import type { Account } from './registry.js';

/** A tiny web server that answers its version: busybox httpd, started in well under a second, stopped at once. */
export interface AppImage {
  version: string;
  /** A local image that it is built on. */
  from?: string;
  env?: Record<string, string>;
  labels?: Record<string, string>;
  workdir?: string;
  /** Further Dockerfile lines, such as HEALTHCHECK or VOLUME. */
  lines?: string[];
  cmd?: string[];
  entrypoint?: string[];
  stopSignal?: string;
  files?: Record<string, string | Buffer>;
}

export const serveCommand = ['/bin/busybox', 'httpd', '-f', '-p', '80', '-h', '/www'];

/** Builds the image through the engine's API, without any client program, and tags it. */
export async function buildImage(docker: Docker, reference: string, image: AppImage): Promise<void> {
  const busybox = await busyboxFor(docker);
  const instruction = (name: string, pairs: Record<string, string> = {}): string[] =>
    Object.entries(pairs).map(([key, value]) => `${name} ${key}=${JSON.stringify(value)}`);
  const dockerfile = [
    `FROM ${image.from ?? 'scratch'}`,
    'COPY busybox /bin/busybox',
    'COPY busybox /bin/sh',
    'COPY index.html /www/index.html',
    ...Object.keys(image.files ?? {}).map((name) => `COPY ${name} /${name}`),
    ...instruction('ENV', image.env),
    ...instruction('LABEL', image.labels),
    ...(image.workdir ? [`WORKDIR ${image.workdir}`] : []),
    `STOPSIGNAL ${image.stopSignal ?? 'SIGKILL'}`,
    ...(image.lines ?? []),
    ...(image.entrypoint ? [`ENTRYPOINT ${JSON.stringify(image.entrypoint)}`] : []),
    `CMD ${JSON.stringify(image.cmd ?? serveCommand)}`,
  ].join('\n');
  const context = pack();
  context.entry({ name: 'Dockerfile' }, dockerfile);
  context.entry({ name: 'index.html' }, image.version);
  context.entry({ name: 'busybox', mode: 0o755 }, busybox);
  for (const [name, content] of Object.entries(image.files ?? {})) context.entry({ name, mode: 0o755 }, content);
  context.finalize();
  const output = await docker.buildImage(context as unknown as NodeJS.ReadableStream, {
    t: reference,
    rm: true,
    forcerm: true,
  });
  await finish(output, `building ${reference}`);
}

export async function pushImage(docker: Docker, reference: string, account?: Account): Promise<void> {
  const tag = reference.slice(reference.lastIndexOf(':') + 1);
  await finish(
    await docker.getImage(reference).push({ tag, authconfig: { ...account, serveraddress: '' } as never }),
    `pushing ${reference}`,
  );
}

/** Builds an image, pushes it, and forgets the tag here, so that only the registry has it, as when CI has built it. */
export async function publish(docker: Docker, reference: string, image: AppImage, account?: Account): Promise<void> {
  const local = `${reference}-built`;
  await buildImage(docker, local, image);
  const [repo, tag] = [reference.slice(0, reference.lastIndexOf(':')), reference.slice(reference.lastIndexOf(':') + 1)];
  const before = await docker
    .getImage(reference)
    .inspect()
    .catch(() => undefined);
  await docker.getImage(local).tag({ repo, tag });
  await pushImage(docker, reference, account);
  if (before) await docker.getImage(before.Id).tag({ repo, tag });
  else
    await docker
      .getImage(reference)
      .remove({ noprune: true })
      .catch(() => undefined);
}

/** Publishes an image of which the engine then has nothing: it has a layer to download, and speaks of it. */
export async function publishUnseen(
  docker: Docker,
  reference: string,
  image: AppImage,
  account?: Account,
): Promise<void> {
  await publish(docker, reference, { ...image, files: { ...image.files, blob: randomBytes(4_000_000) } }, account);
  await docker.getImage(`${reference}-built`).remove();
}
