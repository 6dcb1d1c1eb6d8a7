import type { Engine } from '../engine/engine.js';
import { hasStatus } from '../engine/engine-error.js';
import { find } from '../engine/find.js';
import type { Stage } from '../update/outcome.js';
import { stopContainer } from './stop.js';

/**
 * Removes a container; its volumes stay. One that is gone, or going, is as good as removed; one that runs is stopped first.
 * @param afterStop called between the stop of one that ran and its removal, which does not follow if this throws
 */
export async function removeContainer(
  engine: Engine,
  id: string,
  stage: Stage,
  afterStop?: () => Promise<void>,
): Promise<void> {
  try {
    await engine.removeContainer(id);
  } catch (error) {
    if (await isGone(engine, id, error)) return;
    if (!hasStatus(error, 409)) throw error;
    if ((error as Error).message.includes('already in progress')) return;
    // The old one of `start-first`, or one that a restart of the engine has revived.
    await stopContainer(engine, await engine.inspectContainer(id), stage);
    await afterStop?.();
    await engine.removeContainer(id);
  }
}

/** Whether a call failed because the container is gone: the engine says so, and shows it no more. */
export async function isGone(engine: Engine, id: string, error: unknown): Promise<boolean> {
  return hasStatus(error, 404) && !(await find(engine, id));
}
