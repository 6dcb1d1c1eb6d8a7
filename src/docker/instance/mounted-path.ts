import { posix } from 'node:path';
import type { MountPoint } from '../engine/engine-types.js';
import { normalisePath } from '../recreate/fields/paths.js';

/** A path in the form in which paths of sockets are compared: `/var/run` is a link to `/run` nearly everywhere. */
export function canonicalPath(path: string): string {
  return normalisePath(path).replace(/^\/var\/run(?=\/|$)/, '/run');
}

/** Whether a canonical path lies in a canonical folder; it does not lie in itself. */
export function isWithin(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** What a path within a container is on the engine's host. */
export interface MountedPath {
  /** The innermost mount that the path lies in. */
  mount: MountPoint;
  hostPath: string;
  /** Whether the path itself was mounted, not a folder above it. */
  isItself: boolean;
}

/** Undefined for a path that lies in no mount. */
export function mountedPath(path: string, mounts: readonly MountPoint[]): MountedPath | undefined {
  const wanted = canonicalPath(path);
  const [innermost] = mounts
    .map((mount) => ({ mount, destination: canonicalPath(mount.Destination) }))
    .filter(({ destination }) => wanted === destination || isWithin(destination, wanted))
    .sort((a, b) => b.destination.length - a.destination.length);
  if (!innermost) return undefined;
  const { mount, destination } = innermost;
  const rest = posix.relative(destination, wanted);
  return { mount, hostPath: canonicalPath(posix.join(mount.Source ?? '', rest)), isItself: rest === '' };
}
