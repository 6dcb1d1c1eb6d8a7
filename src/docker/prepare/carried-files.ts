import { projectHasNoConfigs } from '../recreate/compose-files.js';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect, ImageInspect, PathStat } from '../engine/engine-types.js';
import { unlessMissing } from '../engine/find.js';
import { writtenPaths, archiveAt, mayHaveInjectedFiles, originOf } from '../recreate/injected-files.js';
import { labels } from '../update/labels.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { UpdateError } from '../update/outcome.js';
import type { UpdateOptions } from '../rules/update-options.js';
import { nameOf } from '../engine/container.js';
import type { Subject } from '../update/subject.js';

const maxFiles = 50_000;
const maxBytes = 16 * 1024 * 1024;
const concurrency = 8;
const shownPaths = 5;

/** Files that were copied into a container when it was made, and that its replacement needs. */
export interface CopiedFiles {
  files: { path: string; size: number }[];
  warnings: string[];
}

const none: CopiedFiles = { files: [], warnings: [] };

/**
 * Finds the files that Compose copied into a container, inline `configs:` and `secrets:`, or those that its label names.
 * Reads from the engine, and touches nothing: the plan of an update needs it too.
 * @param maxMs how long the search may take; each written file is asked for while the container serves
 * @throws UpdateError `not_faithful` where they cannot be told: rather no update than one with the image's defaults
 */
export async function findCopiedFiles(
  engine: Engine,
  { old, oldImage }: Subject,
  { copiedFiles }: Pick<UpdateOptions, 'copiedFiles'>,
  maxMs: number,
): Promise<CopiedFiles> {
  if (copiedFiles === 'none') return none;
  const found = copiedFiles
    ? await named(engine, old, copiedFiles)
    : await search(engine, byUser(old, oldImage), maxMs);
  const bytes = found.files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > maxBytes) throw cannotCarry(old, `they are larger than ${maxBytes / 1024 ** 2} MiB`);
  return found;
}

/**
 * Copies files of the old container into its replacement, before that is started. Everything else in the container's own
 * layer is left behind.
 * @throws UpdateError `not_faithful` where that cannot be done
 */
export async function carryFiles(
  engine: Engine,
  old: ContainerInspect,
  files: CopiedFiles['files'],
  replacementId: string,
): Promise<void> {
  for (const { path } of files) {
    const archive = await engine.readArchive(old.Id, path, maxBytes);
    const file = await archiveAt(archive, path, Math.floor(Date.now() / 1000));
    if (!file) throw cannotCarry(old, `${path} is no plain file`);
    await engine.writeArchive(replacementId, file);
  }
}

/** The container as if it had none of its image's labels: an image may claim that Compose made its container. */
function byUser(old: ContainerInspect, oldImage: ImageInspect): ContainerInspect {
  return { ...old, Config: { ...old.Config, Labels: labelsOfUser(old, oldImage) } };
}

async function named(engine: Engine, old: ContainerInspect, paths: readonly string[]): Promise<CopiedFiles> {
  const files: CopiedFiles['files'] = [];
  for (const path of paths) {
    const stat = await unlessMissing(engine.statPath(old.Id, path));
    if (!stat) throw cannotCarry(old, `${labels.copiedFiles} names ${path}, which is not in the container`);
    files.push({ path, size: stat.size });
  }
  return { files, warnings: [] };
}

async function search(engine: Engine, old: ContainerInspect, maxMs: number): Promise<CopiedFiles> {
  if (!mayHaveInjectedFiles(old) || (await projectHasNoConfigs(old))) return none;
  const paths = writtenPaths(await changesOf(engine, old));
  if (paths.length > maxFiles) throw cannotTell(old, `it has written more than ${maxFiles} files outside of volumes`);
  const found = { compose: [] as CopiedFiles['files'], likely: [] as CopiedFiles['files'], unclear: [] as string[] };
  const deadline = performance.now() + maxMs;
  for (let from = 0; from < paths.length; from += concurrency) {
    if (performance.now() > deadline)
      throw cannotTell(old, `looking at ${paths.length} files outside of volumes takes longer than ${maxMs / 1000} s`);
    for (const { path, stat } of await stats(engine, old, paths.slice(from, from + concurrency))) {
      const origin = stat ? originOf(path, stat, old) : 'container';
      if (origin === 'unclear') found.unclear.push(path);
      else if (origin !== 'container') found[origin].push({ path, size: stat?.size ?? 0 });
    }
  }
  if (found.unclear.length > 0)
    throw cannotTell(old, `Compose, or the container itself, may have written ${shown(found.unclear)}`);
  const likely = shown(found.likely.map(({ path }) => path));
  const warnings = found.likely.length
    ? [
        `${likely} is carried over because Compose seems to have copied it; name the path in the label ${labels.copiedFiles} to confirm it; if the container wrote it, name only what was copied, or none`,
      ]
    : [];
  return { files: [...found.compose, ...found.likely], warnings };
}

function shown(paths: readonly string[]): string {
  const more = paths.length > shownPaths ? ` and ${paths.length - shownPaths} more` : '';
  return `${paths.slice(0, shownPaths).join(', ')}${more}`;
}

async function changesOf(engine: Engine, old: ContainerInspect): ReturnType<Engine['containerChanges']> {
  try {
    return await engine.containerChanges(old.Id);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw cannotTell(old, `the engine does not say which files were written into it: ${error.detail}`, error);
  }
}

function stats(
  engine: Engine,
  old: ContainerInspect,
  paths: readonly string[],
): Promise<{ path: string; stat: PathStat | undefined }[]> {
  // It may be gone by now: the container is at work.
  return Promise.all(paths.map(async (path) => ({ path, stat: await unlessMissing(engine.statPath(old.Id, path)) })));
}

function cannotTell(old: ContainerInspect, reason: string, cause?: unknown): UpdateError {
  return new UpdateError(
    'not_faithful',
    'prepare',
    `which files Compose copied into ${nameOf(old)} cannot be told: ${reason}. Nothing was touched; name the paths of all its configs and secrets in the label ${labels.copiedFiles}, or use docker compose up; only if it has neither, say ${labels.copiedFiles}=none`,
    { cause },
  );
}

function cannotCarry(old: ContainerInspect, reason: string): UpdateError {
  return new UpdateError(
    'not_faithful',
    'prepare',
    `the files that were copied into ${nameOf(old)} cannot be carried over: ${reason}. Nothing was touched; recreate the container by hand, or use docker compose up`,
  );
}
