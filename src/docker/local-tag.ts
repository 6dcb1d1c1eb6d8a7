import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { formatImageReference, parseImageReference, repositoryOf } from './image-reference.js';

/**
 * Points the local tag, which the pull has moved, at the old container's image again, so that neither `docker compose up`
 * nor a container that is made from it by hand rolls forward into the image that failed. Only where it still points at
 * that image, and where no other container runs it from this tag.
 * @returns whether it was put back; undefined where it had not moved, or somebody moved it on
 */
export async function restoreLocalTag(
  engine: Engine,
  old: Pick<ContainerInspect, 'Id' | 'Image' | 'Config'>,
  replacement: Pick<ContainerInspect, 'Id' | 'Image'>,
): Promise<boolean | undefined> {
  const reference = parseImageReference(old.Config.Image);
  const tagged = await findImage(engine, old.Config.Image);
  if (tagged?.Id !== replacement.Image || tagged.Id === old.Image) return undefined;
  const wanted = formatImageReference(reference);
  const others = (await engine.listContainers()).filter(
    ({ Id, Image, ImageID }) =>
      Id !== old.Id && Id !== replacement.Id && ImageID === replacement.Image && canonical(Image) === wanted,
  );
  if (others.length > 0) return false;
  await engine.tagImage(old.Image, { repo: repositoryOf(reference), tag: reference.tag ?? 'latest' });
  return true;
}

/** The image that a reference, or an id, means on the engine. */
export async function findImage(engine: Engine, reference: string): Promise<ImageInspect | undefined> {
  try {
    return await engine.inspectImage(reference);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

function canonical(image: string): string | undefined {
  try {
    return formatImageReference(parseImageReference(image));
  } catch {
    return undefined;
  }
}
