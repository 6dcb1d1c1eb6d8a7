import { awaitEngine } from '../update/await-engine.js';
import { isEngineAway } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import { UpdateError } from '../update/outcome.js';
import { isOutOfSequence, type SwarmManager } from './swarm-manager.js';
import type { ServiceInspect } from '../engine/swarm-types.js';
import type { Drain } from '../engine/shutdown-signals.js';

const mostAttempts = 5;

/** How a service is changed, whatever has become of it since it was looked at first. */
export interface Change {
  /** Whether it is done already: by a call whose answer was lost, or by somebody else. */
  isDone: (service: ServiceInspect) => boolean;
  /** @throws UpdateError where what was asked for can no longer be */
  send: (service: ServiceInspect) => Promise<string[]>;
}

/**
 * Hands a change of a service to Swarm. It is refused where somebody else has changed the service since it was looked at:
 * then the same is done to what the service is now, a few times at the most.
 * @param found the service as it was looked at first
 * @returns the engine's warnings
 */
export async function submit(
  engine: Engine,
  manager: SwarmManager,
  found: ServiceInspect,
  { isDone, send }: Change,
  { waitMs, drain }: { waitMs: number; drain: Drain },
): Promise<string[]> {
  let service = found;
  for (let attempt = 1; ; attempt++) {
    if (drain.begun.aborted)
      throw new UpdateError('interrupted', 'swap', 'the service stops; nothing was handed to Swarm yet');
    try {
      return await send(service);
    } catch (error) {
      if (error instanceof UpdateError) throw error;
      const isAway = isEngineAway(error);
      if (attempt === mostAttempts || !(isAway || isOutOfSequence(error))) throw refused(error);
      if (isAway) await awaitEngine(engine, waitMs, drain);
    }
    service = await manager.inspectService(found.ID);
    if (isDone(service)) return [];
  }
}

function refused(error: unknown): unknown {
  if (isEngineAway(error)) return error;
  return new UpdateError(
    'engine_error',
    'swap',
    `Swarm did not accept the update, and nothing was changed: ${(error as Error).message}`,
    { cause: error },
  );
}
