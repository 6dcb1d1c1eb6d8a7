import { setTimeout } from 'node:timers/promises';
import { EngineError } from './engine-error.js';
import type { Engine } from './engine.js';

/** What a port, or an address, that was used a moment ago takes to be free again. */
const freeAgainMs = 1000;

/**
 * Starts a container. If a port or an address of it is still in use, as right after the end of the container that had it before, it
 * is tried once more: cheaper than to put everything back.
 * @throws EngineError what the second try failed with
 */
export async function startContainer(engine: Engine, id: string): Promise<void> {
  try {
    await engine.startContainer(id);
  } catch (error) {
    if (!isStillInUse(error)) throw error;
    await setTimeout(freeAgainMs);
    await engine.startContainer(id);
  }
}

/** The words of the engine, of the kernel that it quotes, and of its address management. */
function isStillInUse(error: unknown): boolean {
  return (
    error instanceof EngineError &&
    /port is already allocated|address already in use|address is already allocated/i.test(error.detail)
  );
}
