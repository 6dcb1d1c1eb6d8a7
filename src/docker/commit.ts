import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';

/** Removes the old container; its volumes stay. One that is gone, or going, is as good as removed. */
export async function commit(engine: Engine, oldId: string): Promise<void> {
  try {
    await engine.removeContainer(oldId);
  } catch (error) {
    if (!hasStatus(error, 404) && !(hasStatus(error, 409) && (error as Error).message.includes('already in progress')))
      throw error;
  }
}
