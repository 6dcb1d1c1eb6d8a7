import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';
import type { Pair } from './pair.js';

/**
 * Removes the old containers; their volumes stay. From the removal of the target's, which comes first, there is no way
 * back: its dependents' old containers could not start without it. One that is gone, or going, is as good as removed.
 */
export async function commit(engine: Engine, pairs: readonly Pair[]): Promise<void> {
  for (const { oldId } of pairs) {
    try {
      await engine.removeContainer(oldId);
    } catch (error) {
      if (
        !hasStatus(error, 404) &&
        !(hasStatus(error, 409) && (error as Error).message.includes('already in progress'))
      )
        throw error;
    }
  }
}
