import type { ContainerInspect, ImageInspect } from '../engine-types.js';

const composePrefix = 'com.docker.compose.';
const composeImageLabel = `${composePrefix}image`;
/** Set by Compose on each container, and by nobody on an image. */
const composeOwnLabel = `${composePrefix}container-number`;

/**
 * The labels that the user set, entry by entry. Of a container that Compose made, Compose's are always kept: an image
 * that Compose built carries some of them too, and a container without them falls out of its project. Compose's record
 * of the image is brought up to date, or its next `up` would recreate the container once more.
 */
export function userLabels(
  old: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
  newImage: Pick<ImageInspect, 'Id' | 'Manifests'>,
): Record<string, string> {
  const set = old.Config.Labels ?? {};
  const inherited = oldImage.Config?.Labels ?? {};
  const isOfCompose = composeOwnLabel in set && !(composeOwnLabel in inherited);
  const isKept = (name: string): boolean =>
    !Object.hasOwn(inherited, name) || inherited[name] !== set[name] || (isOfCompose && name.startsWith(composePrefix));
  const kept = Object.fromEntries(Object.entries(set).filter(([name]) => isKept(name)));
  const recorded = kept[composeImageLabel];
  return recorded === undefined ? kept : { ...kept, [composeImageLabel]: newRecord(recorded, old, newImage) };
}

/** Compose records the image's id; since its version 5, on the containerd store, the manifest of the platform. */
function newRecord(recorded: string, old: ContainerInspect, newImage: Pick<ImageInspect, 'Id' | 'Manifests'>): string {
  if (recorded === old.Image) return newImage.Id;
  if (recorded !== old.ImageManifestDescriptor?.digest) return recorded;
  return newImage.Manifests?.find(({ Kind, Available }) => Kind === 'image' && Available)?.ID ?? recorded;
}
