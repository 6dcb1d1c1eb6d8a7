import { buffer } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import type { ContainerInspect, FilesystemChange, PathStat } from '../engine/engine-types.js';
import { composeLabels } from '../engine/compose-labels.js';

const deleted = 2;
/** Go's os.ModeType: the bits that no regular file has. */
const modeType = 0x8f280000;
const toleranceMs = 1000;
const permissionBits = 0o777;
/** What Compose gives a config or a secret without a `mode` (compose pkg/compose/secrets.go). */
const composeMode = 0o444;
/** Compose copies right after it created the container. */
const copiedWithinMs = 5000;
const secretsFolder = '/run/secrets/';

/**
 * Whether Compose made the container and may have copied files into it. Inline `configs:` and `secrets:` are in no field
 * of inspect: Compose writes them into the container's own layer between create and start (compose pkg/compose/secrets.go).
 */
export function mayHaveInjectedFiles({ Config }: ContainerInspect): boolean {
  return Config.Labels?.[composeLabels.containerNumber] !== undefined;
}

/**
 * The paths of what was written into a container's own layer, nearest to the root first, where configs and secrets are. A config may
 * lie in the place of a file of the image, so that what was changed counts like what was added.
 */
export function writtenPaths(changes: readonly FilesystemChange[]): string[] {
  const depth = (path: string): number => path.split('/').length;
  const paths = new Set(changes.filter(({ Kind }) => Kind !== deleted).map(({ Path }) => Path));
  // A folder is listed with its files; it is no file itself.
  for (const path of [...paths]) paths.delete(path.slice(0, path.lastIndexOf('/')));
  return [...paths].sort((a, b) => depth(a) - depth(b));
}

/** Whether Compose copied a file into a container; `likely` and `unclear` where the container may have written it itself. */
export type Origin = 'compose' | 'likely' | 'unclear' | 'container';

/**
 * Tells where a file in the container's own layer comes from. Compose writes an archive's entry: a regular file with a time
 * in whole seconds, rounded, right before a start. What programs write has fractions, unless somebody sets its time. So what
 * was written while the container did not run is Compose's; otherwise the mode that Compose gives decides how likely it is.
 */
export function originOf(path: string, { mode, mtime }: PathStat, { Created, State }: ContainerInspect): Origin {
  const writtenAt = Date.parse(mtime);
  const [createdAt, startedAt] = [Date.parse(Created), Date.parse(State.StartedAt)];
  const isCandidate =
    (mode & modeType) === 0 &&
    writtenAt % 1000 === 0 &&
    !/\.\d*[1-9]/.test(mtime) &&
    writtenAt >= createdAt - toleranceMs &&
    writtenAt <= startedAt + toleranceMs;
  if (!isCandidate) return 'container';
  // The year 1, as long as it has never ended.
  const endedAt = Date.parse(State.FinishedAt);
  const hasEnded = endedAt > createdAt;
  const isBeforeStart = writtenAt < Math.floor(startedAt / 1000) * 1000;
  if (isBeforeStart && (!hasEnded || writtenAt > endedAt + toleranceMs)) return 'compose';
  const looksLikeIts = (mode & permissionBits) === composeMode || path.startsWith(secretsFolder);
  if (!hasEnded) return looksLikeIts ? 'compose' : 'likely';
  const isRightAfterCreation = writtenAt <= createdAt + copiedWithinMs;
  return looksLikeIts || isRightAfterCreation ? 'likely' : 'unclear';
}

/**
 * An archive of one file, as the engine gives it, with the file's whole path as its name, so that the engine makes
 * folders that are missing, and with the present time, so that the next update knows it again.
 * @param atSeconds since 1970
 * @returns undefined where it is no plain file
 */
export async function archiveAt(archive: Buffer, path: string, atSeconds: number): Promise<Buffer | undefined> {
  const entries = extract();
  entries.end(archive);
  for await (const entry of entries) {
    const { type, mode, uid, gid } = entry.header;
    if (type !== 'file') return undefined;
    const moved = pack();
    const name = path.replace(/^\//, '');
    moved.entry({ name, mode, uid, gid, mtime: new Date(atSeconds * 1000) }, await buffer(entry));
    moved.finalize();
    return buffer(moved);
  }
  return undefined;
}
