import { isDeepStrictEqual } from 'node:util';
import { UpdateError } from '../update/outcome.js';
import type { ServiceInspect, ServiceSpec } from '../engine/swarm-types.js';

/**
 * The image that a service ran before its last update, where that is all that Swarm would change back.
 * @throws UpdateError where there is none, or where the rollback would change more than the image
 */
export function previousImage({ Spec, PreviousSpec }: Pick<ServiceInspect, 'Spec' | 'PreviousSpec'>): string {
  const missing = (why: string): UpdateError =>
    new UpdateError(
      'no_previous_image',
      'pull',
      `Swarm knows of no image before the present one of the service ${Spec.Name}: ${why}`,
    );
  if (!PreviousSpec)
    throw missing('it was not updated since it was created, or since it was rolled back after a failure');
  const image = PreviousSpec.TaskTemplate.ContainerSpec?.Image;
  if (image === undefined || image === Spec.TaskTemplate.ContainerSpec?.Image)
    throw missing('its last update changed something else');
  if (!isDeepStrictEqual(withoutImage(Spec), withoutImage(PreviousSpec))) {
    throw new UpdateError(
      'refused',
      'pull',
      `the last update of the service ${Spec.Name} changed more than its image, and Swarm would take all of it back; see docker service inspect, and do it by hand with docker service rollback or docker service update --image`,
    );
  }
  return image;
}

/** All but what an update to another image changes; a forced restart leaves a count behind. */
function withoutImage({ TaskTemplate, ...spec }: ServiceSpec): object {
  const { ContainerSpec, Placement, ForceUpdate: _, ...template } = TaskTemplate;
  return {
    ...spec,
    TaskTemplate: {
      ...template,
      ContainerSpec: { ...ContainerSpec, Image: undefined },
      Placement: { ...Placement, Platforms: undefined },
    },
  };
}
