import type Docker from 'dockerode';
import { existsSync, readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { pullPublicImage } from './public-images.js';

/** Its busybox is static, as one must be that has an image for itself. */
const publicImage = 'busybox:musl';
const known = new WeakMap<Docker, Promise<Buffer>>();

/**
 * A static busybox that runs on the engine: this machine's, so that nothing has to be pulled, or a public image's.
 * @throws Unavailable with what to do
 */
export function busyboxFor(docker: Docker): Promise<Buffer> {
  const installed = installedBusybox();
  if (installed) return Promise.resolve(installed);
  const busybox = known.get(docker) ?? publicBusybox(docker);
  known.set(docker, busybox);
  return busybox;
}

/** This machine's busybox, where it is a static Linux program. */
export function installedBusybox(): Buffer | undefined {
  return ['/bin/busybox', '/usr/bin/busybox']
    .filter((path) => process.platform === 'linux' && existsSync(path))
    .map((path) => readFileSync(path))
    .find(isStatic);
}

/** A program that needs a dynamic loader names it in a segment of type PT_INTERP (elf(5)). Reads 64-bit little-endian ELF. */
function isStatic(program: Buffer): boolean {
  const interpreter = 3;
  const [tableAt, entrySize, entries] = [
    program.readBigUInt64LE(32),
    program.readUInt16LE(54),
    program.readUInt16LE(56),
  ];
  return Array.from({ length: entries }, (_, index) => program.readUInt32LE(Number(tableAt) + index * entrySize)).every(
    (type) => type !== interpreter,
  );
}

async function publicBusybox(docker: Docker): Promise<Buffer> {
  await pullPublicImage(docker, publicImage);
  const container = await docker.createContainer({ Image: publicImage });
  try {
    const files = extract();
    // Read to its end first: a stream that is left half read keeps the connection, and so the process.
    files.end(await buffer(await container.getArchive({ path: '/bin/busybox' })));
    for await (const file of files) return await buffer(file);
    throw new Error(`${publicImage} has no /bin/busybox`);
  } finally {
    await container.remove();
  }
}
