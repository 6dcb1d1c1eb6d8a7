import type { Engine } from '../engine/engine.js';
import { findImage } from '../engine/find.js';
import { canonicalReference, formatImageReference, parseImageReference, repositoryOf } from './image-reference.js';

/** The images between which a local tag goes: the container's two, of which one is to be its own. */
export interface TagMove {
  /** The reference that the container follows. */
  reference: string;
  fromImageId: string;
  toImageId: string;
  /** The containers of the update itself. */
  own: readonly string[];
}

/**
 * Points the local tag at the image that its container runs, so that neither `docker compose up` nor a container that is
 * made from it by hand gets another one. Only where it means the one that the container does not run, and where no other
 * container runs that one from this tag.
 * @returns whether it was moved; undefined where it had not to be, or where somebody moved it on
 */
export async function moveLocalTag(
  engine: Engine,
  { reference, fromImageId, toImageId, own }: TagMove,
): Promise<boolean | undefined> {
  const parsed = parseImageReference(reference);
  const tagged = await findImage(engine, reference);
  if (tagged?.Id !== fromImageId || fromImageId === toImageId) return undefined;
  const wanted = formatImageReference(parsed);
  const others = (await engine.listContainers()).filter(
    ({ Id, Image, ImageID }) => !own.includes(Id) && ImageID === fromImageId && canonicalReference(Image) === wanted,
  );
  if (others.length > 0) return false;
  await engine.tagImage(toImageId, { repo: repositoryOf(parsed), tag: parsed.tag ?? 'latest' });
  return true;
}
