import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import { UpdateError } from './outcome.js';
import { nameOf, type Pair } from './pair.js';
import { prove } from './proof.js';
import { stopContainer } from './stop.js';
import { parkedName, replacementName } from './temporary-names.js';

/** How long the old container must run again before the replacement is removed. */
const restoredSettleMs = 1000;
const replacementGraceSeconds = 5;

/**
 * Puts the old container back, itself and not a copy: name, restart policy, running. Looks before each step, so that it
 * may begin anywhere in an update and may be repeated. The replacement is removed last, for a recovery reads from it
 * what the old one was; it is kept where the old one does not run again.
 * @throws UpdateError `rollback_failed`: both containers are kept
 */
export async function rollback(engine: Engine, pair: Pair): Promise<void> {
  try {
    await restore(engine, pair);
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'rollback_failed') throw error;
    throw failed((error as Error).message, error);
  }
}

async function restore(engine: Engine, pair: Pair): Promise<void> {
  const old = await find(engine, pair.oldId);
  const replacement = await find(engine, pair.newId);
  if (!old) throw failed('the old container was removed by somebody else during the update');

  if (replacement?.State.Running)
    await stopContainer(engine, replacement, 'rollback', { graceSeconds: replacementGraceSeconds });
  if (replacement && nameOf(replacement) === pair.name)
    await engine.renameContainer(pair.newId, replacementName(pair.name, pair.oldId));
  if (nameOf(old) === parkedName(pair.name, pair.oldId)) await engine.renameContainer(pair.oldId, pair.name);
  if (old.HostConfig.RestartPolicy?.Name !== pair.restartPolicy.Name)
    await engine.updateRestartPolicy(pair.oldId, pair.restartPolicy);
  if (pair.wasRunning) {
    if (!old.State.Running) await engine.startContainer(pair.oldId);
    await proveRestored(engine, pair.oldId);
  }
  if (replacement) await engine.removeContainer(pair.newId);
}

/** It may have been restarting before the update began, and is then not asked for more than that. */
async function proveRestored(engine: Engine, oldId: string): Promise<void> {
  const restored = await engine.inspectContainer(oldId);
  if (restored.State.Restarting || restored.RestartCount > 0) return;
  try {
    await prove(engine, oldId, { mode: 'running', settleMs: restoredSettleMs, timeoutMs: restoredSettleMs });
  } catch (error) {
    throw failed(`the old container does not run again: ${(error as Error).message}`, error);
  }
}

export async function find(engine: Engine, nameOrId: string): Promise<ContainerInspect | undefined> {
  try {
    return await engine.inspectContainer(nameOrId);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

function failed(why: string, cause?: unknown): UpdateError {
  return new UpdateError('rollback_failed', 'rollback', `the rollback failed, both containers are kept: ${why}`, {
    cause,
  });
}
