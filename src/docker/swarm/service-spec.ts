import type { Distribution } from '../engine/engine-types.js';
import { parseImageReference, type ImageReference } from '../images/image-reference.js';
import { leftAlone } from '../rules/eligibility.js';
import { labels } from '../update/labels.js';
import type { Platform, ServiceSpec } from '../engine/swarm-types.js';

/** What a service follows, and what it runs. */
export interface ServiceImage {
  /** The reference without its digest, as it was written: what a push can change the meaning of. */
  followed: string;
  /** The digest that Docker's clients, and this service, write behind it. */
  digest?: string;
  reference: ImageReference;
}

/** @throws InvalidImageReference, which a service that runs never has */
export function serviceImage({ TaskTemplate }: Pick<ServiceSpec, 'TaskTemplate'>): ServiceImage {
  const image = TaskTemplate.ContainerSpec?.Image ?? '';
  const reference = parseImageReference(image);
  return { followed: image.split('@')[0] ?? image, digest: reference.digest, reference };
}

/**
 * The specification with another image, and with the platforms that it is for; everything else is the very same. As
 * Docker's client has it (moby, client/service_create.go): the tag stays, the digest says what runs.
 * @param platforms as the registry serves them; without any, the service's own stay
 */
export function withImage(
  spec: ServiceSpec,
  digest: string,
  platforms: NonNullable<Distribution['Platforms']>,
): ServiceSpec {
  const { ContainerSpec, Placement } = spec.TaskTemplate;
  if (!ContainerSpec) throw new Error(`the service ${spec.Name} has no container to give an image to`);
  const { followed } = serviceImage(spec);
  const tagged = /:[^/]*$/.test(followed) ? followed : `${followed}:latest`;
  const Platforms = nodePlatforms(platforms);
  return {
    ...spec,
    TaskTemplate: {
      ...spec.TaskTemplate,
      ContainerSpec: { ...ContainerSpec, Image: `${tagged}@${digest}` },
      ...(Platforms.length > 0 ? { Placement: { ...Placement, Platforms } } : {}),
    },
  };
}

/** What nodes are chosen by: attestations are for no platform, and nodes with ARM do not name it as registries do. */
function nodePlatforms(platforms: NonNullable<Distribution['Platforms']>): Platform[] {
  return platforms
    .filter(({ architecture, os }) => architecture !== 'unknown' && os !== 'unknown')
    .map(({ architecture, os }) => ({
      ...(architecture && architecture.toLowerCase() !== 'arm' ? { Architecture: architecture } : {}),
      ...(os ? { OS: os } : {}),
    }));
}

/**
 * The labels of a service: its own win over those that it gives its containers, except that both may say no to updates, or
 * what may be meant as one. All of them were set by whoever made the service: none is its image's.
 */
export function serviceLabels({ Labels, TaskTemplate }: ServiceSpec): Record<string, string> {
  const both = [TaskTemplate.ContainerSpec?.Labels ?? {}, Labels ?? {}];
  const no = both.find((of) => leftAlone(of) !== undefined)?.[labels.enable];
  return { ...both[0], ...both[1], ...(no === undefined ? {} : { [labels.enable]: no }) };
}
