import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { composeLabels } from '../engine/compose-labels.js';

/** Compose sets each of these on every container. An image can hold none of their values but by chance. */
const ofComposeAlone = [composeLabels.containerNumber, composeLabels.configHash, composeLabels.image];

/**
 * The labels that were set on a container, without those that it has from its image. The image's author must not speak for
 * the host: whatever a label allows, it allows only if it is among these. A label that the image has with the same value
 * is not, because nobody can tell who set it.
 *
 * Of a container that Compose made, Compose's labels are always the container's own: an image that Compose built carries
 * some of them too. A hook's label is not: Compose sets it on few containers, and the rest would be refused as hooks.
 * @param image the image that the container runs; if it is gone, nothing is known to be set on the container
 */
export function labelsOfUser(
  { Config }: Pick<ContainerInspect, 'Config'>,
  image: Pick<ImageInspect, 'Config'> | undefined,
): Record<string, string> {
  if (!image) return {};
  const all = Config.Labels ?? {};
  const inherited = image.Config?.Labels ?? {};
  const differs = (name: string): boolean => !Object.hasOwn(inherited, name) || inherited[name] !== all[name];
  const isOfCompose = ofComposeAlone.some((name) => Object.hasOwn(all, name) && differs(name));
  return Object.fromEntries(
    Object.entries(all).filter(
      ([name]) =>
        differs(name) || (isOfCompose && name.startsWith(composeLabels.prefix) && name !== composeLabels.hook),
    ),
  );
}
