import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { labels } from '../update/labels.js';
import { labelsOfUser } from '../update/labels-of-user.js';

/**
 * Says whether an update created this container in place of the old one. Neither the name nor the image reference proves
 * that: somebody may have removed the replacement and run a container of their own instead. Pure.
 * @param image the image that the container runs; a label that it has from there proves nothing
 * @param oldId the full id of the old container: a mark of an earlier update names another one
 */
export function isReplacementOf(
  container: Pick<ContainerInspect, 'Config'>,
  image: Pick<ImageInspect, 'Config'> | undefined,
  oldId: string,
): boolean {
  return labelsOfUser(container, image)[labels.replaces] === oldId;
}
