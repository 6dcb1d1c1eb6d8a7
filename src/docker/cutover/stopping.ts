import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { type Pair } from '../update/pair.js';
import { untilStopped } from './stop.js';
import { replacementName, stoppingName } from '../update/temporary-names.js';
import { nameOf } from '../engine/container.js';

/**
 * The engine goes on with a stop when whoever asked for it is gone, and shows it nowhere. The replacement's name shows it: else an old container
 * that still cleans up would be taken for one that serves, and nobody would start it once it has ended.
 */
export async function markStop(engine: Engine, { name, oldId, newId }: Pair): Promise<void> {
  await engine.renameContainer(newId, stoppingName(name, oldId));
}

/** For a container that could not be stopped, and runs on. */
export async function unmarkStop(engine: Engine, { name, oldId, newId }: Pair): Promise<void> {
  await engine.renameContainer(newId, replacementName(name, oldId));
}

/** Whether an update has told the container to stop that this is the replacement of. */
export function isStopMarked(
  replacement: Pick<ContainerInspect, 'Name'> | undefined,
  { name, oldId }: Pick<Pair, 'name' | 'oldId'>,
): boolean {
  return replacement !== undefined && nameOf(replacement) === stoppingName(name, oldId);
}

/**
 * Lets a container end that may have been told to stop, for as long as it was given. One that still runs then was never told:
 * the engine would have killed it.
 * @returns whether there was one to wait for
 */
export async function awaitEnd(engine: Engine, container: ContainerInspect): Promise<boolean> {
  if (!container.State.Running) return false;
  await untilStopped(engine, container);
  return true;
}
