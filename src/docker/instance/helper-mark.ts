import type { ContainerInspect, CreateRequest, ImageInspect } from '../engine/engine-types.js';
import { labels } from '../update/labels.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { parseTemporaryName } from '../update/temporary-names.js';

/** What a helper is marked with when it is created. */
export function helperLabels({ Id }: Pick<ContainerInspect, 'Id'>): NonNullable<CreateRequest['Labels']> {
  return { [labels.helperOf]: Id };
}

/**
 * Whether this service created a container as a helper. Its name alone proves nothing, and no label of its image does. Pure.
 * @param image the image that it runs; if it is gone, nobody can tell who set the label
 */
export function isHelper(
  container: Pick<ContainerInspect, 'Name' | 'Config'>,
  image: Pick<ImageInspect, 'Config'> | undefined,
): boolean {
  const temporary = parseTemporaryName(container.Name);
  const replaces = labelsOfUser(container, image)[labels.helperOf];
  return temporary?.role === 'self' && replaces?.startsWith(temporary.oldId12) === true;
}
