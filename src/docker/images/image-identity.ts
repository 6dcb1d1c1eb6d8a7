import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { canonicalReference, imageReferenceIn, repositoryIn } from './image-reference.js';

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

/**
 * The digest that the registry has given an image in the repository of a reference, `sha256:<hex>`. Undefined where the
 * engine knows none, or several, of which any may be the present one.
 */
export function registryDigest(
  { RepoDigests }: Pick<ImageInspect, 'RepoDigests'>,
  reference: string,
): string | undefined {
  const repository = repositoryIn(reference);
  const digests = (RepoDigests ?? [])
    .filter((entry) => repositoryIn(entry) === repository)
    .map((entry) => imageReferenceIn(entry)?.digest);
  return digests.length === 1 ? digests[0] : undefined;
}

/** Whether a reference named an image when it was inspected. */
export function isTagged({ RepoTags }: Pick<ImageInspect, 'RepoTags'>, reference: string): boolean {
  const wanted = canonicalReference(reference);
  return wanted !== undefined && (RepoTags ?? []).some((tag) => canonicalReference(tag) === wanted);
}

/** Whether an image on the engine is what the registry serves under a digest: on the containerd store its id says so too. */
export function hasDigest({ Id, RepoDigests }: Pick<ImageInspect, 'Id' | 'RepoDigests'>, digest: string): boolean {
  return Id === digest || (RepoDigests ?? []).some((name) => name.endsWith(`@${digest}`));
}
