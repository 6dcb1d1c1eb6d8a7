import type { ContainerInspect, MountPoint } from '../engine/engine-types.js';
import { canonicalPath, isWithin, mountedPath } from './mounted-path.js';

/** Where the engine's socket, as this service sees it, can be seen by others. */
export interface SocketPlace {
  /** The volume that it lies in. */
  volume?: string;
  /** Its path on the engine's host. */
  hostPath?: string;
}

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
 * container that only uses it needs no more than to read there, and the engine's own socket is made by none.
 */
export function socketMakersAmong(
  all: readonly ContainerInspect[],
  { volume, hostPath }: SocketPlace,
  selfId: string | undefined,
): ContainerInspect[] {
  if (hostPath !== undefined && volume === undefined && engineSocket.test(hostPath)) return [];
  const holds = ({ RW, Type, Name, Source }: MountPoint): boolean => {
    if (RW === false) return false;
    if (Type === 'volume' && volume !== undefined && Name === volume) return true;
    // One that mounts the file itself found it there.
    return hostPath !== undefined && Source !== undefined && isWithin(canonicalPath(Source), hostPath);
  };
  return all.filter(({ Id, Mounts }) => Id !== selfId && Mounts.some(holds));
}
