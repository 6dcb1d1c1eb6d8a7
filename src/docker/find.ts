import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';

/** The container with this name or id, or undefined where there is none. */
export async function find(engine: Engine, nameOrId: string): Promise<ContainerInspect | undefined> {
  try {
    return await engine.inspectContainer(nameOrId);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}
