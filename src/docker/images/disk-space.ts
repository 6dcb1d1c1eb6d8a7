import { access, statfs } from 'node:fs/promises';
import { withFileTimeout } from '../../common/file-timeout.js';
import type { Settings } from '../../config/settings.js';
import { parseSizeBytes } from '../../common/size.js';
import type { Engine } from '../engine/engine.js';
import type { EngineInfo } from '../engine/engine-types.js';
import { UpdateError } from '../update/outcome.js';

/**
 * Refuses to begin a pull for which there is no room: an engine whose disk is full fails at more than pulls.
 * @throws UpdateError `disk_full`
 */
export async function assertRoomForPull(
  engine: Engine,
  { minFreeDiskBytes, engine: address }: Pick<Settings, 'minFreeDiskBytes' | 'engine'>,
): Promise<void> {
  if (minFreeDiskBytes === 0) return;
  const known = await engine.knownInfo();
  const info = toldSpace(known) === undefined ? known : await engine.info();
  const freeBytes = await freeDiskBytes(info, address.socketPath !== undefined);
  if (freeBytes === undefined || freeBytes >= minFreeDiskBytes) return;
  throw new UpdateError(
    'disk_full',
    'pull',
    `only ${megabytes(freeBytes)} are free on the engine's disk, less than the ${megabytes(minFreeDiskBytes)} of MIN_FREE_DISK; nothing was pulled. Make room, for instance with docker image prune`,
  );
}

/**
 * What is free where the engine keeps images, in bytes; undefined where that cannot be seen. The API tells it of ZFS and
 * devicemapper alone. An engine on this machine is asked by the file system of its folder; from within a container, which
 * does not see that folder, by the file system of its own root, for that lies on the engine's disk.
 * @param isLocal the engine is reached by a socket file, and so on this machine
 */
export async function freeDiskBytes(info: EngineInfo, isLocal: boolean): Promise<number | undefined> {
  const told = toldSpace(info);
  const toldBytes = told === undefined ? undefined : parseSizeBytes(told);
  if (toldBytes !== undefined || !isLocal) return toldBytes;
  return (await freeBytesAt(info.DockerRootDir)) ?? ((await isContainer()) ? await freeBytesAt('/') : undefined);
}

function toldSpace({ DriverStatus }: EngineInfo): string | undefined {
  return DriverStatus?.find(([name]) => /^(Data )?Space Available$/.test(name))?.[1];
}

async function freeBytesAt(path: string | undefined): Promise<number | undefined> {
  if (!path) return undefined;
  try {
    const { bavail, bsize } = await withFileTimeout(path, () => statfs(path));
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

async function isContainer(): Promise<boolean> {
  return access('/.dockerenv').then(
    () => true,
    () => false,
  );
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1_000_000)} MB`;
}
