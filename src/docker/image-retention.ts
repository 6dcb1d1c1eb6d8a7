import type { Settings } from '../config/settings.js';
import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';
import { findImage } from './find.js';
import { previousImageTag } from './previous-image.js';

export type RetentionSettings = Pick<Settings, 'keepPreviousImage' | 'removeReplacedImages'>;

/**
 * Gives the image that a container ran until now its local tag `…:previous`.
 * @returns the id of the image that loses the tag thereby
 */
export async function keepPreviousImage(
  engine: Engine,
  containerName: string,
  imageId: string,
): Promise<string | undefined> {
  const { repo, tag } = previousImageTag(containerName);
  const before = await findImage(engine, `${repo}:${tag}`);
  if (before?.Id === imageId) return undefined;
  await engine.tagImage(imageId, { repo, tag });
  return before?.Id;
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
