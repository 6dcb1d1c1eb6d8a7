import type { ContainerInspect, ImageInspect } from './engine-types.js';

/**
 * Whether a container runs an image. On the classic store an image's id is that of its config, and says it. On the
 * containerd store the id is that of an index, which changes when only an attestation or another platform was pushed
 * again; there the manifest of the container's own platform decides (API 1.48).
 */
export function sameImage(
  container: Pick<ContainerInspect, 'Image' | 'ImageManifestDescriptor'>,
  image: Pick<ImageInspect, 'Id' | 'Manifests'>,
): boolean {
  if (container.Image === image.Id) return true;
  const running = container.ImageManifestDescriptor?.digest;
  return (
    running !== undefined &&
    (image.Manifests ?? []).some(
      (manifest) => manifest.Kind === 'image' && manifest.Available && manifest.ID === running,
    )
  );
}
