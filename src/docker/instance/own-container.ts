import { readFile } from 'node:fs/promises';

/** Files that the engine mounts into each container from the folder that is named by its id. */
const mountedFiles = new Set(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);
const idOfFolder = /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf)$/;
const upperFolder = /(?:^|,)upperdir=([^,\s]+)/;

/** What a process can tell of the container that it runs in. */
export interface OwnContainer {
  /** Of the container that owns its network: its own id, unless it shares another container's. */
  networkOwnerId: string;
  /** The folder of the host that its root file system is written to; none on some storage drivers. */
  upperFolder?: string;
  /** When this process started, in milliseconds since 1970: soon after its container. */
  startedAtMs: number;
}

/**
 * Reads it from `/proc/self/mountinfo` (proc(5): the fourth field is the root of the mount within its file system, the
 * fifth where it is mounted). Undefined outside of a container.
 */
export function ownContainerOf(mountinfo: string, startedAtMs: number): OwnContainer | undefined {
  const mounts = mountinfo.split('\n').map((line) => line.split(' '));
  const networkOwnerId = mounts
    .filter(([, , , , target]) => mountedFiles.has(target ?? ''))
    .map(([, , , root]) => idOfFolder.exec(root ?? '')?.[1])
    .find((id) => id !== undefined);
  if (!networkOwnerId) return undefined;
  const rootMount = mounts.find(([, , , , target]) => target === '/');
  return { networkOwnerId, upperFolder: upperFolder.exec(rootMount?.at(-1) ?? '')?.[1], startedAtMs };
}

/** The container that this process runs in; undefined outside of one, and where there is no `/proc`. */
export async function ownContainer(): Promise<OwnContainer | undefined> {
  try {
    return ownContainerOf(await readFile('/proc/self/mountinfo', 'utf8'), performance.timeOrigin);
  } catch {
    return undefined;
  }
}
