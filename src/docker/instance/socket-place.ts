import { posix } from 'node:path';
import type { ContainerInspect, MountPoint } from '../engine/engine-types.js';
import { canonicalPath, isWithin, mountedPath } from './mounted-path.js';

/** Where the engine's socket, as this service sees it, can be seen by others. */
export interface SocketPlace {
  /** The volume that it lies in. */
  volume?: string;
  /** Its path on the engine's host. */
  hostPath?: string;
  /** When it was made, in milliseconds since 1970. */
  madeAtMs?: number;
}

/** How late the engine may note a start: a program can have made its socket before. */
const startedAtToleranceMs = 60_000;

/** Where engines make their sockets themselves. */
const engineSocket = /^\/run\/(docker\.sock|user\/\d+\/docker\.sock|host-services\/docker\.proxy\.sock)$/;

/**
 * @param socketPath of the service, links resolved
 * @param ownMounts those of the container that it runs in; undefined outside of a container
 */
export function socketPlace(socketPath: string, ownMounts: readonly MountPoint[] | undefined): SocketPlace {
  if (!ownMounts) return { hostPath: canonicalPath(socketPath) };
  const { mount, hostPath } = mountedPath(socketPath, ownMounts) ?? {};
  if (!mount?.Source) return {};
  return mount.Type === 'volume' ? { volume: mount.Name, hostPath } : { hostPath };
}

/**
 * The containers that can have made the socket, and so may stand between the service and the engine: they may write where it lies. A
 * container that only uses it needs no more than to read there, and the engine's own socket is made by none. One that mounts much more
 * of the host, `/` for a backup, counts unless the socket was there before it started.
 */
export function socketMakersAmong(
  all: readonly ContainerInspect[],
  { volume, hostPath, madeAtMs }: SocketPlace,
  selfId: string | undefined,
): ContainerInspect[] {
  if (hostPath !== undefined && volume === undefined && engineSocket.test(hostPath)) return [];
  const holds = ({ RW, Type, Name, Source }: MountPoint, { State }: ContainerInspect): boolean => {
    if (RW === false) return false;
    if (Type === 'volume' && volume !== undefined && Name === volume) return true;
    // One that mounts the file itself found it there.
    if (hostPath === undefined || Source === undefined || !isWithin(canonicalPath(Source), hostPath)) return false;
    const isItsFolder = canonicalPath(Source) === posix.dirname(hostPath);
    return isItsFolder || !(Date.parse(State.StartedAt) > (madeAtMs ?? Infinity) + startedAtToleranceMs);
  };
  return all.filter((one) => one.Id !== selfId && one.Mounts.some((mount) => holds(mount, one)));
}
