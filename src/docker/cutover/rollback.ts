import { isEngineAway } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { errorOf } from '../engine/error-of.js';
import { find } from '../engine/find.js';
import { giveName } from './give-name.js';
import { moveLocalTag } from '../images/local-tag.js';
import { UpdateError } from '../update/outcome.js';
import { type Pair } from '../update/pair.js';
import type { ProofPolicy } from '../rules/proof-policy.js';
import { prove } from './proof.js';
import { isGone, removeContainer } from './remove.js';
import { setRestartPolicy } from './restart-policy.js';
import { writesToTheSame } from './shared-data.js';
import { startContainer } from '../engine/start.js';
import { stopContainer } from './stop.js';
import { awaitEnd, isStopMarked } from './stopping.js';
import { parkedName, replacementName, stoppingName } from '../update/temporary-names.js';
import { nameOf, hasRun } from '../engine/container.js';

/** How long the old container must run again before the replacement is removed. */
const restoredSettleMs = 1000;
const replacementGraceSeconds = 5;
const restoredProof: ProofPolicy = {
  ...{ mode: 'running', settleMs: restoredSettleMs, timeoutMs: restoredSettleMs },
  ...{ unhealthyAfterMs: 0, restarts: 0 },
};

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
 * Puts the old containers back, themselves and not copies: restart policy, name, running, local tag; the target first, then its
 * dependents. Looks before each step, so that it may begin anywhere in an update and may be repeated.
 *
 * It serves first and tidies after: an old container whose name cannot be had, because somebody else took it, runs again
 * under its parked name. The replacements are removed last, for a recovery reads from them what the old ones were, and the
 * target's the very last, for it tells which dependents belong to the update; they are kept where anything is left to do.
 * One that somebody gave another name is theirs from then on: it is stopped and kept.
 * @param beforeRemoval called once the old ones run again, while the replacements are still there; must not throw
 * @throws UpdateError `rollback_failed`: whatever is there of both containers is kept
 */
export async function rollback(
  engine: Engine,
  pairs: readonly Pair[],
  beforeRemoval?: () => Promise<unknown>,
): Promise<RolledBack> {
  try {
    return await restore(engine, pairs, beforeRemoval);
  } catch (error) {
    // What an engine refuses while it shuts down, it may do when it is back.
    const cause = isEngineAway(error) ? error : ((await errorOf(engine.assertTakesConnections())) ?? error);
    if (!(error instanceof UpdateError) || error.code !== 'rollback_failed')
      throw await failed(engine, pairs, (error as Error).message, cause);
    throw cause === error ? error : new UpdateError(error.code, error.stage, error.message, { cause });
  }
}

async function restore(
  engine: Engine,
  pairs: readonly Pair[],
  beforeRemoval?: () => Promise<unknown>,
): Promise<RolledBack> {
  let { present, problems } = await look(engine, pairs);
  if (await awaitStops(engine, present)) ({ present, problems } = await look(engine, pairs));
  for (const { replacement } of present.toReversed()) await end(engine, replacement);
  const untidy: Pair[] = [];
  const serving: Present[] = [];
  let hasStarted = false;
  for (const one of present) {
    const { pair, old } = one;
    const untidiness = await errorOf(tidy(engine, one));
    if (untidiness) untidy.push(pair);
    if (!pair.wasRunning) continue;
    if (!old.State.Running || hasStarted) {
      const failure = await errorOf(startAgain(engine, one, untidiness !== undefined));
      hasStarted ||= !failure;
      if (failure) problems.push(doesNotRun(pair, failure));
      if (failure) continue;
    }
    serving.push(one);
  }
  const proofs = await Promise.all(serving.map((one) => errorOf(proveRestored(engine, one))));
  problems.push(...proofs.filter((failure) => failure !== undefined));
  // What stood in the way for a moment may be gone by now.
  for (const pair of untidy) {
    const failure = await errorOf(tidyAgain(engine, pair));
    if (failure) problems.push(await explainUntidy(engine, pair, failure));
  }
  if (problems.length > 0) {
    const cause = problems.find(isEngineAway) ?? problems[0];
    throw await failed(engine, pairs, problems.map(({ message }) => message).join('; '), cause);
  }
  const rolledBack = await restoreTags(engine, present);
  rolledBack.warnings.push(...(await renamedOlds(engine, present)));
  await beforeRemoval?.();
  // Also one that the engine did not show at the look: it may have answered wrongly once.
  for (const { pair } of present.toReversed()) {
    const renamed = renamedReplacement(await find(engine, pair.newId), pair);
    if (renamed === undefined) await removeContainer(engine, pair.newId, 'rollback');
    else
      rolledBack.warnings.push(
        `somebody renamed the replacement of ${pair.name} to ${renamed} during the update, so it was stopped and not removed: remove it once nobody needs it`,
      );
  }
  return rolledBack;
}

/** The name of a replacement that no update gave it. */
function renamedReplacement(replacement: ContainerInspect | undefined, { name, oldId }: Pair): string | undefined {
  if (!replacement) return undefined;
  const given = nameOf(replacement);
  return [name, replacementName(name, oldId), stoppingName(name, oldId)].includes(given) ? undefined : given;
}

/** Old containers keep the names that somebody gave them during the update. */
async function renamedOlds(engine: Engine, present: readonly Present[]): Promise<string[]> {
  const found = await Promise.all(present.map(({ pair }) => find(engine, pair.oldId)));
  return found.flatMap((old, index) => {
    const name = present[index]?.pair.name;
    if (!old || name === undefined || nameOf(old) === name) return [];
    return [`somebody renamed the container ${name} to ${nameOf(old)} during the update, and it keeps this name`];
  });
}

/** Old containers that an update has told to stop are let end, and are started anew then. @returns whether there were any */
async function awaitStops(engine: Engine, present: readonly Present[]): Promise<boolean> {
  const told = present.filter(({ pair, replacement }) => isStopMarked(replacement, pair));
  const waited = await Promise.all(told.map(({ old }) => awaitEnd(engine, old)));
  return waited.includes(true);
}

/** Restart policy and names, as they were before the update. Tries each of them, whatever becomes of the others. */
async function tidy(engine: Engine, { pair, old, replacement }: Present): Promise<void> {
  const failures: (Error | undefined)[] = [];
  if (old.HostConfig.RestartPolicy?.Name !== pair.restartPolicy.Name)
    failures.push(await errorOf(setRestartPolicy(engine, pair.oldId, pair.restartPolicy)));
  if (replacement && (nameOf(replacement) === pair.name || isStopMarked(replacement, pair)))
    failures.push(await errorOf(renameReplacement(engine, pair)));
  if (nameOf(old) === parkedName(pair.name, pair.oldId)) failures.push(await errorOf(giveName(engine, old, pair.name)));
  const failure = failures.find((each) => each !== undefined);
  if (failure) throw failure;
}

async function tidyAgain(engine: Engine, pair: Pair): Promise<void> {
  for (const one of (await look(engine, [pair])).present) await tidy(engine, one);
}

/** @param mayBeTaken whether somebody else may have the name, and serve by it */
async function startAgain(engine: Engine, { pair, old }: Present, mayBeTaken: boolean): Promise<void> {
  const owner = mayBeTaken ? await find(engine, pair.name).catch(() => undefined) : undefined;
  if (owner && ![pair.oldId, pair.newId].includes(owner.Id) && owner.State.Running && writesToTheSame(old, owner)) {
    throw new Error(
      `the container ${owner.Id.slice(0, 12)} has its name, runs and writes to the same data, which two at once could ruin`,
    );
  }
  // A dependent that ran on while its donor was stopped holds on to a namespace that is no more.
  if (old.State.Running) await stopContainer(engine, old, 'rollback');
  await startContainer(engine, pair.oldId);
}

/** What people have to know of an old container that could not get its name or its restart policy back. */
async function explainUntidy(engine: Engine, { name, oldId }: Pair, cause: Error): Promise<Error> {
  const old = await find(engine, oldId).catch(() => undefined);
  const present = old ? nameOf(old) : parkedName(name, oldId);
  const message =
    present === name
      ? `the old container of ${name} is not set as it was before: ${cause.message}`
      : `the old container ${old?.State.Running ? 'runs again, but' : 'is there'} as ${present}, because it cannot have the name ${name}: ${cause.message}. Rename or remove the container that has the name ${name}; the next notify of ${name}, or the next start of the service, gives it back`;
  return new Error(message, { cause });
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

/** @throws UpdateError `rollback_failed` where the target's old container is gone: its replacement is left as it is */
async function look(engine: Engine, pairs: readonly Pair[]): Promise<{ present: Present[]; problems: Error[] }> {
  const found = await Promise.all(
    pairs.map(async (pair) => {
      const [old, replacement] = await Promise.all([find(engine, pair.oldId), find(engine, pair.newId)]);
      return { pair, old, replacement };
    }),
  );
  const gone = ({ pair }: Pick<Present, 'pair'>): string =>
    `the old container of ${pair.name} was removed by somebody else during the update`;
  const [target] = found;
  if (target && !target.old) throw await failed(engine, pairs, gone(target));
  return {
    present: found.flatMap(({ old, ...one }) => (old ? [{ ...one, old }] : [])),
    problems: found.filter(({ old }) => !old).map((one) => new Error(gone(one))),
  };
}

/**
 * One that restarted again and again before the update may do so again. The engine counts restarts from the last start on, so one that a
 * rollback has started already, and that did not run then, is not taken for such a one when that is tried again.
 */
async function proveRestored(engine: Engine, { pair, old, replacement }: Present): Promise<void> {
  try {
    await prove(engine, pair.oldId, restoredProof);
  } catch (error) {
    const restartedBefore = old.RestartCount > 0 && !(replacement && hasStartedAfter(old, replacement));
    if (error instanceof UpdateError && error.code === 'restarting' && restartedBefore) return;
    throw doesNotRun(pair, error as Error);
  }
}

/** Whether it was started when the replacement had run and ended. */
function hasStartedAfter({ State }: ContainerInspect, replacement: ContainerInspect): boolean {
  if (!hasRun(replacement) || replacement.State.Running) return false;
  return Date.parse(State.StartedAt) > Date.parse(replacement.State.FinishedAt);
}

function doesNotRun({ name }: Pair, cause: Error): Error {
  return new Error(`the old container of ${name} does not run again: ${cause.message}`, { cause });
}

async function failed(engine: Engine, pairs: readonly Pair[], why: string, cause?: unknown): Promise<UpdateError> {
  return new UpdateError(
    'rollback_failed',
    'rollback',
    `the rollback failed, ${await whatIsKept(engine, pairs)}: ${why}`,
    {
      cause,
    },
  );
}

/** Of each container that was to be replaced: what is really there of the two. */
async function whatIsKept(engine: Engine, pairs: readonly Pair[]): Promise<string> {
  const both = 'both containers are kept';
  try {
    const kept = await Promise.all(
      pairs.map(async ({ name, oldId, newId }) => {
        const [old, replacement] = await Promise.all([find(engine, oldId), find(engine, newId)]);
        if (old && replacement) return both;
        if (old) return `only the old container of ${name} is left, as ${nameOf(old)}`;
        if (replacement) return `only the replacement of ${name} is left, as ${nameOf(replacement)}`;
        return `neither the old container of ${name} nor its replacement is left`;
      }),
    );
    return [...new Set(kept)].join(', ');
  } catch {
    // The engine is away, and takes none of them along.
    return both;
  }
}
