import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import { hasRun } from './evidence.js';
import { find } from './find.js';
import { moveLocalTag } from './local-tag.js';
import { UpdateError } from './outcome.js';
import { nameOf, type Pair } from './pair.js';
import { prove } from './proof.js';
import { isGone, removeContainer } from './remove.js';
import { setRestartPolicy } from './restart-policy.js';
import { stopContainer } from './stop.js';
import { parkedName, replacementName } from './temporary-names.js';

/** How long the old container must run again before the replacement is removed. */
const restoredSettleMs = 1000;
const replacementGraceSeconds = 5;

export interface RolledBack {
  /** Whether the local tag was put back: see local-tag.ts. */
  tagRestored?: boolean;
  warnings: string[];
}

/** What is there of a pair when a rollback begins. */
interface Present {
  pair: Pair;
  old: ContainerInspect;
  replacement?: ContainerInspect;
}

/**
 * Puts the old containers back, themselves and not copies: name, restart policy, running, local tag; the target first, then its
 * dependents. Looks before each step, so that it may begin anywhere in an update and may be repeated. The replacements
 * are removed last, for a recovery reads from them what the old ones were, and the target's the very last, for it tells
 * which dependents belong to the update; they are kept where an old one does not run again.
 * @param beforeRemoval called once the old ones run again, while the replacements are still there; must not throw
 * @throws UpdateError `rollback_failed`: both containers are kept
 */
export async function rollback(
  engine: Engine,
  pairs: readonly Pair[],
  beforeRemoval?: () => Promise<unknown>,
): Promise<RolledBack> {
  try {
    return await restore(engine, pairs, beforeRemoval);
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'rollback_failed') throw error;
    throw failed((error as Error).message, error);
  }
}

async function restore(
  engine: Engine,
  pairs: readonly Pair[],
  beforeRemoval?: () => Promise<unknown>,
): Promise<RolledBack> {
  const present = await Promise.all(pairs.map((pair) => look(engine, pair)));
  for (const { replacement } of present.toReversed()) await end(engine, replacement);
  let hasStarted = false;
  for (const { pair, old, replacement } of present) {
    if (replacement && nameOf(replacement) === pair.name) await renameReplacement(engine, pair);
    if (nameOf(old) === parkedName(pair.name, pair.oldId)) await engine.renameContainer(pair.oldId, pair.name);
    if (old.HostConfig.RestartPolicy?.Name !== pair.restartPolicy.Name)
      await setRestartPolicy(engine, pair.oldId, pair.restartPolicy);
    if (!pair.wasRunning || (old.State.Running && !hasStarted)) continue;
    // A dependent that ran on while its donor was stopped holds on to a namespace that is no more.
    if (old.State.Running) await stopContainer(engine, old, 'rollback');
    await engine.startContainer(pair.oldId);
    hasStarted = true;
  }
  await Promise.all(present.filter(({ pair }) => pair.wasRunning).map((restored) => proveRestored(engine, restored)));
  const rolledBack = await restoreTags(engine, present);
  await beforeRemoval?.();
  for (const { replacement } of present.toReversed())
    if (replacement) await removeContainer(engine, replacement.Id, 'rollback');
  return rolledBack;
}

/** One that was run with `--rm` is gone by now, and its name is free. */
async function renameReplacement(engine: Engine, { name, oldId, newId }: Pair): Promise<void> {
  try {
    await engine.renameContainer(newId, replacementName(name, oldId));
  } catch (error) {
    if (!(await isGone(engine, newId, error))) throw error;
  }
}

async function end(engine: Engine, replacement: ContainerInspect | undefined): Promise<void> {
  if (!replacement) return;
  const stopped = (): Promise<void> =>
    stopContainer(engine, replacement, 'rollback', { graceSeconds: replacementGraceSeconds });
  if (replacement.State.Running) await stopped();
  // It has ended by itself, and is going: renamed meanwhile it would confuse the engine. One that stays is met below.
  else if (hasVanished(replacement)) await stopped().catch(() => undefined);
}

/** Nothing is left of a container run with `--rm` once it has run and stopped. */
function hasVanished(container: ContainerInspect): boolean {
  return container.HostConfig.AutoRemove === true && hasRun(container);
}

/** A tag never makes a rollback fail. */
async function restoreTags(engine: Engine, present: readonly Present[]): Promise<RolledBack> {
  const rolledBack: RolledBack = { warnings: [] };
  for (const { pair, old } of present) {
    const { oldId, newId, newImageId: fromImageId, oldImageId: toImageId } = pair;
    if (fromImageId === toImageId) continue;
    const own = [oldId, newId];
    try {
      rolledBack.tagRestored = await moveLocalTag(engine, { reference: pair.image, fromImageId, toImageId, own });
      if (rolledBack.tagRestored === false)
        rolledBack.warnings.push(
          `the local tag ${old.Config.Image} still means the image that failed, for another container runs it from this tag`,
        );
    } catch (error) {
      rolledBack.warnings.push(
        `the local tag ${old.Config.Image} still means the image that failed: ${(error as Error).message}`,
      );
    }
  }
  return rolledBack;
}

async function look(engine: Engine, pair: Pair): Promise<Present> {
  const [old, replacement] = await Promise.all([find(engine, pair.oldId), find(engine, pair.newId)]);
  if (!old) throw failed(`the old container of ${pair.name} was removed by somebody else during the update`);
  return { pair, old, replacement };
}

/**
 * One that restarted again and again before the update may do so again. The engine counts restarts from the last start on, so one that a
 * rollback has started already, and that did not run then, is not taken for such a one when that is tried again.
 */
async function proveRestored(engine: Engine, { pair, old, replacement }: Present): Promise<void> {
  try {
    await prove(engine, pair.oldId, { mode: 'running', settleMs: restoredSettleMs, timeoutMs: restoredSettleMs });
  } catch (error) {
    const restartedBefore = old.RestartCount > 0 && !(replacement && hasStartedAfter(old, replacement));
    if (error instanceof UpdateError && error.code === 'restarting' && restartedBefore) return;
    throw failed(`the old container of ${pair.name} does not run again: ${(error as Error).message}`, error);
  }
}

/** Whether it was started when the replacement had run and ended. */
function hasStartedAfter({ State }: ContainerInspect, replacement: ContainerInspect): boolean {
  if (!hasRun(replacement) || replacement.State.Running) return false;
  return Date.parse(State.StartedAt) > Date.parse(replacement.State.FinishedAt);
}

function failed(why: string, cause?: unknown): UpdateError {
  return new UpdateError('rollback_failed', 'rollback', `the rollback failed, both containers are kept: ${why}`, {
    cause,
  });
}
