import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';

/** The container with this name or id, or undefined where there is none. */
export async function find(engine: Engine, nameOrId: string): Promise<ContainerInspect | undefined> {
  try {
    return await engine.inspectContainer(nameOrId);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

/** The image that a reference, or an id, means on the engine. */
export async function findImage(engine: Engine, reference: string): Promise<ImageInspect | undefined> {
  try {
    return await engine.inspectImage(reference);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}
