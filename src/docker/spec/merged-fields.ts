import type { ContainerConfig, Healthcheck, ImageInspect } from '../engine-types.js';
import { sameList } from './environment.js';

const ownPrefix = 'trigger-docker-pull.';
const composePrefix = 'com.docker.compose.';
const composeImageLabel = `${composePrefix}image`;

/**
 * The labels that the user set, entry by entry. Compose's and ours are always kept: an image that Compose built carries
 * them too, and a container without them falls out of its project. Compose's record of the image is brought up to date,
 * or its next `up` would recreate the container once more.
 */
export function userLabels(
  container: Record<string, string>,
  image: Record<string, string>,
  images: { oldId: string; oldManifest?: string; newImage: Pick<ImageInspect, 'Id' | 'Manifests'> },
): Record<string, string> {
  const isControl = (name: string): boolean => name.startsWith(composePrefix) || name.startsWith(ownPrefix);
  const kept = Object.entries(container).filter(([name, value]) => isControl(name) || image[name] !== value);
  const labels = Object.fromEntries(kept);
  const recorded = labels[composeImageLabel];
  if (recorded === images.oldId) labels[composeImageLabel] = images.newImage.Id;
  else if (recorded !== undefined && recorded === images.oldManifest) {
    const manifest = images.newImage.Manifests?.find(({ Kind, Available }) => Kind === 'image' && Available);
    if (manifest) labels[composeImageLabel] = manifest.ID;
  }
  return labels;
}

const healthcheckFields = ['Test', 'Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const;

/** The fields of the HEALTHCHECK that the user set: the engine fills the others from the image, one by one. */
export function userHealthcheck(
  container: Healthcheck | null | undefined,
  image: Healthcheck | null | undefined,
): Healthcheck | undefined {
  if (!container) return undefined;
  const set = healthcheckFields.filter((field) => !sameField(container[field], image?.[field]));
  return set.length === 0 ? undefined : Object.fromEntries(set.map((field) => [field, container[field]]));
}

function sameField(a: string[] | number | null | undefined, b: string[] | number | null | undefined): boolean {
  if (Array.isArray(a) || Array.isArray(b)) return sameList(a as string[], b as string[]);
  return (a ?? 0) === (b ?? 0);
}

/** The ports that the user exposed, and every published one: without it, engines up to 28 would drop the binding. */
export function userExposedPorts(
  container: NonNullable<ContainerConfig['ExposedPorts']>,
  image: NonNullable<ContainerConfig['ExposedPorts']>,
  published: object,
): Record<string, object> {
  const own = Object.keys(container).filter((port) => !(port in image));
  return Object.fromEntries([...own, ...Object.keys(published)].map((port) => [port, {}]));
}
