import type { Engine } from '../engine/engine.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { findImage } from '../engine/find.js';
import { isTagged } from './image-identity.js';
import { isPinned, parseImageReference, repositoryOf } from './image-reference.js';

/**
 * Runs `create` while the reference of a container names this image. The engine keeps the reference that a container was
 * created from, which is what the next update follows. So creating by id is no way out if the tag has moved on: it is
 * lent to the image for that moment. A kill in between leaves it there, and the next pull moves it again.
 */
export async function withLentTag<T>(
  engine: Engine,
  old: ContainerInspect,
  image: ImageInspect,
  create: () => Promise<T>,
): Promise<T> {
  const reference = old.Config.Image;
  // One that differs from what runs was found a moment ago; if its tag has moved since, the replacement shows it.
  if (image.Id !== old.Image && isTagged(image, reference)) return create();
  const present = await findImage(engine, reference);
  if (present?.Id === image.Id || isPinned(reference, image.Id)) return create();
  const parsed = parseImageReference(reference);
  const tag = { repo: repositoryOf(parsed), tag: parsed.tag ?? 'latest' };
  await engine.tagImage(image.Id, tag);
  try {
    return await create();
  } finally {
    if (present) await engine.tagImage(present.Id, tag);
  }
}
