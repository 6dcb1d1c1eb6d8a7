import type { ContainerInspect, ImageInspect } from '../../engine/engine-types.js';
import { labelsOfUser } from '../../update/labels-of-user.js';
import { composeLabels } from '../../engine/compose-labels.js';

/**
 * The labels that the user set, entry by entry. Compose's record of the image is brought up to date, or its next `up`
 * would recreate the container once more.
 */
export function userLabels(
  old: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
  newImage: Pick<ImageInspect, 'Id' | 'Manifests'>,
): Record<string, string> {
  const kept = labelsOfUser(old, oldImage);
  const recorded = kept[composeLabels.image];
  return recorded === undefined ? kept : { ...kept, [composeLabels.image]: newRecord(recorded, old, newImage) };
}

/** Compose records the image's id; since its version 5, on the containerd store, the manifest of the platform. */
function newRecord(recorded: string, old: ContainerInspect, newImage: Pick<ImageInspect, 'Id' | 'Manifests'>): string {
  if (recorded === old.Image) return newImage.Id;
  if (recorded !== old.ImageManifestDescriptor?.digest) return recorded;
  return newImage.Manifests?.find(({ Kind, Available }) => Kind === 'image' && Available)?.ID ?? recorded;
}
