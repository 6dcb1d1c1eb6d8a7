import { setTimeout } from 'node:timers/promises';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { unlessMissing } from '../engine/find.js';
import type { Member, Members } from './member.js';
import { UpdateError } from '../update/outcome.js';
import { carryOverlayAddresses } from './overlay-addresses.js';
import { revivesStopped, type Pair } from '../update/pair.js';
import { noRestart, setRestartPolicy } from './restart-policy.js';
import { startContainer } from '../engine/start.js';
import { stopContainer } from './stop.js';
import { markStop, unmarkStop } from './stopping.js';
import { parkedName } from '../update/temporary-names.js';
import type { Drain } from '../engine/shutdown-signals.js';
import { nameOf } from '../engine/container.js';
import { find } from '../engine/find.js';

/** How long the engine may take to notice that a container's process has ended. */
const engineNoticesWithinMs = 1000;

/**
 * The only time that users notice: nothing happens in it that could have happened before or after it.
 *
 * The order is forced. The restart policy goes first, or a restart of the engine would bring the stopped old container
 * back beside the new one. A running container is never renamed: on a Swarm node that breaks the engine's DNS
 * (moby/moby#42351). Dependents stop before what they depend on and start after it: in a namespace whose owner has
 * stopped nothing can start, and what runs on there is cut off. Killed between any two lines, recovery.ts finds from
 * names and ids where it was.
 */
export async function swap(
  engine: Engine,
  members: Members,
  drain: Drain,
  warn: (warning: string) => void,
): Promise<void> {
  const pairs = members.map(({ pair }) => pair);
  for (const { oldId, restartPolicy } of pairs) {
    if (revivesStopped(restartPolicy)) await setRestartPolicy(engine, oldId, noRestart);
  }
  for (const { old, pair } of members.toReversed()) if (pair.wasRunning) await stop(engine, old, pair, drain);
  for (const member of members) await carryOverlayAddresses(engine, member);
  const [target, ...dependents] = members;
  await exchange(engine, target, warn);
  for (const dependent of dependents) {
    try {
      await exchange(engine, dependent, warn);
    } catch (error) {
      // Beside a target that has ended already nothing starts: its proof tells why, and better than the engine here.
      if (!(error instanceof EngineError)) throw error;
      // What cannot join the target's namespaces knows of its end before the engine does.
      await setTimeout(engineNoticesWithinMs);
      if (!(await runsAsItShould(engine, target.pair))) return;
      throw new UpdateError('start_failed', 'swap', error.message, {
        ...{ cause: error, containerId: dependent.pair.newId },
      });
    }
  }
}

async function stop(engine: Engine, old: ContainerInspect, pair: Pair, drain: Drain): Promise<void> {
  await markStop(engine, pair);
  try {
    await stopContainer(engine, old, 'swap', { drain });
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'stop_failed')
      await unmarkStop(engine, pair).catch(() => undefined);
    throw error;
  }
}

async function exchange(engine: Engine, { old, pair }: Member, warn: (warning: string) => void): Promise<void> {
  const { name, oldId, newId, startsNew } = pair;
  // One that has vanished has left its name, and the copy that stands in for it is parked already.
  if (old.Id === oldId) await park(engine, pair, warn);
  const renamed = await unlessMissing(engine.renameContainer(newId, name).then(() => true));
  if (!renamed)
    throw new UpdateError(
      'container_changed',
      'swap',
      `the replacement of ${name} was removed by somebody else before its start, as docker container prune does with what does not run; notify again`,
    );
  if (startsNew) await startContainer(engine, newId);
}

/** @throws UpdateError `container_changed` where somebody renamed the old container after the last look */
async function park(engine: Engine, { name, oldId }: Pair, warn: (warning: string) => void): Promise<void> {
  const old = await find(engine, oldId);
  if (!old) {
    warn(`somebody removed the old container of ${name} during the update, so there was no way back`);
    return;
  }
  if (nameOf(old) !== name)
    throw new UpdateError(
      'container_changed',
      'swap',
      `somebody renamed the container ${name} to ${nameOf(old)} during the update; it keeps this name`,
    );
  await engine.renameContainer(oldId, parkedName(name, oldId));
}

async function runsAsItShould(engine: Engine, { newId, startsNew }: Pair): Promise<boolean> {
  if (!startsNew) return true;
  const { State, RestartCount } = await engine.inspectContainer(newId);
  return State.Running && !State.Restarting && RestartCount === 0;
}

/**
 * Looks once more, right before the swap, whether a container is still the one that the update began with.
 * @throws UpdateError `container_changed` where somebody removed, renamed, recreated, started or stopped it meanwhile
 */
export async function assertUnchanged(engine: Engine, old: ContainerInspect): Promise<void> {
  const present = await engine.inspectContainer(old.Id).catch(() => undefined);
  const change = !present
    ? 'removed'
    : nameOf(present) !== nameOf(old)
      ? `renamed to ${nameOf(present)}`
      : present.State.Running !== old.State.Running
        ? present.State.Running
          ? 'started'
          : 'stopped'
        : undefined;
  if (change)
    throw new UpdateError(
      'container_changed',
      'prepare',
      `the container ${nameOf(old)} was ${change} by somebody else during the update; it was left as it is`,
    );
}
