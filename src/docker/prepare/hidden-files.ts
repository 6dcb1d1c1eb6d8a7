import { EngineError, EngineTimeout, hasStatus } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';
import { digestOfFiles } from './image-files.js';
import { labels } from '../update/labels.js';
import type { AnonymousVolume } from '../recreate/renewed-volumes.js';
import { probeName } from '../update/temporary-names.js';
import { nameOf, hasRun } from '../engine/container.js';

/** Of one path in one image; read while the old container serves. */
const maxBytes = 32 * 1024 * 1024;
/** No image has it, so that it shows whose a container is. */
const entrypoint = 'never-started';
const tooLarge = Symbol('too large to be compared');

/**
 * Tells where an anonymous volume hides files that changed with the image: what the replacement shows there is the old
 * container's. A container of each image, which is created and never started, shows what the image has there.
 * @returns warnings; what goes wrong is one as well, because the update is in order all the same
 */
export async function hiddenFiles(
  engine: Engine,
  old: ContainerInspect,
  volumes: readonly AnonymousVolume[],
  [oldImage, newImage]: readonly [ImageInspect, ImageInspect],
): Promise<string[]> {
  if (volumes.length === 0) return [];
  const paths = volumes.map(({ path }) => path);
  try {
    const after = await filesIn(engine, old, newImage, paths);
    // An image has nothing there as a rule: it is where data goes.
    if (after.every((files) => files === undefined)) return [];
    const before = await filesIn(engine, old, oldImage, paths);
    return paths.flatMap((path, at) => {
      const [was, is] = [before[at], after[at]];
      if (is === undefined || (is === was && is !== tooLarge)) return [];
      const changed = is === tooLarge ? 'may have changed (they are too large to be compared)' : 'changed';
      return [
        `the files of the new image at ${path} ${changed}, and the anonymous volume there hides them: the old ones are used. Use the label ${labels.renewVolumes}=${path} for a fresh volume, or mount a named one`,
      ];
    });
  } catch (error) {
    if (!(error instanceof EngineError || error instanceof EngineTimeout)) throw error;
    return [`whether anonymous volumes hide files of the new image cannot be told: ${error.message}`];
  }
}

async function filesIn(
  engine: Engine,
  old: ContainerInspect,
  image: ImageInspect,
  paths: readonly string[],
): Promise<(string | typeof tooLarge | undefined)[]> {
  const name = probeName(nameOf(old));
  // Left behind by a process that was killed. A container that somebody called so is not ours: then the create fails.
  const before = await find(engine, name);
  if (before && !hasRun(before) && before.Config.Entrypoint?.join() === entrypoint)
    await engine.removeContainer(before.Id, { withVolumes: true });
  const platform = engine.foreignPlatform(image);
  const { Id } = await engine.createContainer(
    name,
    { Image: image.Id, Entrypoint: [entrypoint], HostConfig: { NetworkMode: 'none' } },
    platform,
  );
  try {
    const found: (string | typeof tooLarge | undefined)[] = [];
    for (const path of paths) found.push(await filesAt(engine, Id, path));
    return found;
  } finally {
    await engine.removeContainer(Id, { withVolumes: true });
  }
}

async function filesAt(engine: Engine, id: string, path: string): Promise<string | typeof tooLarge | undefined> {
  try {
    return await digestOfFiles(await engine.readArchive(id, path, maxBytes));
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    if (hasStatus(error, 413)) return tooLarge;
    throw error;
  }
}
