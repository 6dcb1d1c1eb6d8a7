import { EngineError } from './engine-error.js';
import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import { unlessMissing } from './find.js';
import { addedPaths, archiveAt, mayHaveInjectedFiles, wasInjected } from './injected-files.js';
import { UpdateError } from './outcome.js';
import { nameOf } from './pair.js';

/** More files than an application that keeps its data in volumes writes; each is asked for while the old container serves. */
const mostFiles = 2000;
const mostBytes = 16 * 1024 * 1024;
const atOnce = 8;

/**
 * Copies what Compose copied into the old container, inline `configs:` and `secrets:`, into its replacement, before
 * that is started. Everything else in the container's own layer is left behind.
 * @throws UpdateError `not_faithful` where that cannot be done: rather no update than one with the image's defaults
 */
export async function carryInjectedFiles(engine: Engine, old: ContainerInspect, replacementId: string): Promise<void> {
  if (!mayHaveInjectedFiles(old)) return;
  const paths = addedPaths(await changesOf(engine, old));
  if (paths.length > mostFiles) {
    throw cannotCarry(
      old,
      `it has written more than ${mostFiles} files outside of volumes, and which of them are configs and secrets of Compose cannot be told; mount a volume where it writes`,
    );
  }
  let bytes = 0;
  for (const { path, size } of await injected(engine, old, paths)) {
    bytes += size;
    if (bytes > mostBytes)
      throw cannotCarry(old, `its configs and secrets are larger than ${mostBytes / 1024 ** 2} MiB`);
    const file = archiveAt(await engine.readArchive(old.Id, path, mostBytes), path, Math.floor(Date.now() / 1000));
    if (!file) throw cannotCarry(old, `the path ${path} of a config or secret of Compose is too long`);
    await engine.writeArchive(replacementId, file);
  }
}

async function changesOf(engine: Engine, old: ContainerInspect): ReturnType<Engine['containerChanges']> {
  try {
    return await engine.containerChanges(old.Id);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw cannotCarry(old, `the engine does not say which files Compose copied into it: ${error.detail}`, error);
  }
}

async function injected(
  engine: Engine,
  old: ContainerInspect,
  paths: readonly string[],
): Promise<{ path: string; size: number }[]> {
  const found: { path: string; size: number }[] = [];
  for (let from = 0; from < paths.length; from += atOnce) {
    const files = await Promise.all(
      paths.slice(from, from + atOnce).map(async (path) => {
        // It may be gone by now: the container is at work.
        return { path, stat: await unlessMissing(engine.statPath(old.Id, path)) };
      }),
    );
    for (const { path, stat } of files) if (stat && wasInjected(stat, old)) found.push({ path, size: stat.size });
  }
  return found;
}

function cannotCarry(old: ContainerInspect, reason: string, cause?: unknown): UpdateError {
  return new UpdateError(
    'not_faithful',
    'prepare',
    `what Compose copied into ${nameOf(old)} cannot be carried over: ${reason}. Nothing was touched; use docker compose up`,
    { cause },
  );
}
