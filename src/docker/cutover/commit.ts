import { hasStatus } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import { find, findImage } from '../engine/find.js';
import {
  keepPreviousImage,
  previousImageId,
  removeUnusedImage,
  type RetentionSettings,
} from '../images/image-retention.js';
import { moveLocalTag } from '../images/local-tag.js';
import type { Pair } from '../update/pair.js';
import { assertStillProved, type Proved } from './proved.js';
import { removeContainer } from './remove.js';
import { replacedVolumes } from '../recreate/renewed-volumes.js';
import { nameOf } from '../engine/container.js';
import { parkedName } from '../update/temporary-names.js';

/**
 * Removes the old containers, unless somebody gave one another name; their volumes stay. From the removal of the target's, which comes first, there is no way
 * back: its dependents' old containers could not start without it. The images that they ran keep a tag, before a prune
 * could take them.
 * @param proved the replacements, which are looked at once more before anything is removed
 * @returns what went wrong about the images: the containers are in order all the same
 * @throws ProofLapsed where a replacement has failed meanwhile: all old containers are still there
 */
export async function commit(
  engine: Engine,
  pairs: readonly Pair[],
  proved: readonly Proved[],
  settings: RetentionSettings,
): Promise<string[]> {
  const look = (): Promise<void> => assertStillProved(engine, proved, pairs);
  await look();
  const warnings: string[] = [];
  const warn = (error: unknown): undefined => void warnings.push((error as Error).message);
  const untagged: string[] = [];
  const keep = async ({ name, oldImageId }: Pair): Promise<void> => {
    const before = settings.removeReplacedImages ? await previousImageId(engine, name).catch(warn) : undefined;
    await keepPreviousImage(engine, name, oldImageId).catch(warn);
    if (before && before !== oldImageId) untagged.push(before);
  };
  // A pull has moved it; the way back has not.
  const move = async ({ image, oldImageId, newImageId, oldId, newId }: Pair): Promise<void> => {
    const tag = { reference: image, fromImageId: oldImageId, toImageId: newImageId, own: [oldId, newId] };
    if ((await moveLocalTag(engine, tag).catch(warn)) === false)
      warnings.push(
        `the local tag ${image} still means the image that the container ran before, for another container runs it from this tag`,
      );
  };
  const changed = pairs.filter(({ oldImageId, newImageId }) => oldImageId !== newImageId);
  for (const pair of changed) await Promise.all([settings.keepPreviousImage ? keep(pair) : undefined, move(pair)]);
  const replaced: string[] = [];
  for (const pair of changed) replaced.push(...((await volumesBefore(engine, pair).catch(warn)) ?? []));
  await look();
  for (const [index, pair] of pairs.entries()) {
    const old = await find(engine, pair.oldId);
    if (old && nameOf(old) !== parkedName(pair.name, pair.oldId))
      warnings.push(
        `somebody renamed the old container of ${pair.name} to ${nameOf(old)} during the update, so it was not removed: remove it once nobody needs it`,
      );
    else await removeContainer(engine, pair.oldId, 'commit', index === 0 ? look : undefined);
  }
  for (const name of replaced) await removeUnusedVolume(engine, name).catch(warn);
  for (const imageId of untagged) await removeUnusedImage(engine, imageId).catch(warn);
  return warnings;
}

/** The volumes that the update before this one replaced: there is another way back now. */
async function volumesBefore(engine: Engine, { oldId, oldImageId }: Pair): Promise<string[]> {
  const old = await find(engine, oldId);
  if (!old || replacedVolumes(old, undefined).length === 0) return [];
  const image = await findImage(engine, oldImageId);
  return image ? replacedVolumes(old, image) : [];
}

async function removeUnusedVolume(engine: Engine, name: string): Promise<void> {
  try {
    await engine.removeVolume(name);
  } catch (error) {
    // Somebody has mounted it since, or removed it.
    if (!hasStatus(error, 409) && !hasStatus(error, 404)) throw error;
  }
}
