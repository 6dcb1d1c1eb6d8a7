import type { Settings } from '../../config/settings.js';
import { hasStatus } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import { findImage } from '../engine/find.js';
import { previousImageTag } from './previous-image.js';

export type RetentionSettings = Pick<Settings, 'keepPreviousImage' | 'removeReplacedImages'>;

/** Gives the image that a container ran until now its local tag `…:previous`. */
export async function keepPreviousImage(engine: Engine, containerName: string, imageId: string): Promise<void> {
  await engine.tagImage(imageId, previousImageTag(containerName));
}

/** The id of the image that has that tag, where there is one: it loses the tag to the next. */
export async function previousImageId(engine: Engine, containerName: string): Promise<string | undefined> {
  const { repo, tag } = previousImageTag(containerName);
  return (await findImage(engine, `${repo}:${tag}`))?.Id;
}

/** Removes an image that nothing uses any more: no tag, no container. Never by force. */
export async function removeUnusedImage(engine: Engine, imageId: string): Promise<void> {
  const image = await findImage(engine, imageId);
  if (!image || (image.RepoTags ?? []).length > 0) return;
  try {
    await engine.removeImage(image.Id);
  } catch (error) {
    // A container has it, running or not, or another image is built on it.
    if (!hasStatus(error, 409) && !hasStatus(error, 404)) throw error;
  }
}
