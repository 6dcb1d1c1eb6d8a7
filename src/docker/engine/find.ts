import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';

/** The container with this name or id, or undefined where there is none. */
export function find(engine: Engine, nameOrId: string): Promise<ContainerInspect | undefined> {
  return unlessMissing(engine.inspectContainer(nameOrId));
}

/** The image that a reference, or an id, means on the engine. */
export function findImage(engine: Engine, reference: string): Promise<ImageInspect | undefined> {
  return unlessMissing(engine.inspectImage(reference));
}

/** What a look at the engine shows, or undefined where it answers that there is no such thing. */
export async function unlessMissing<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}
