import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import { UpdateError, type Drain } from './outcome.js';
import { nameOf, revivesStopped, type Pair } from './pair.js';
import { stopContainer } from './stop.js';
import { parkedName } from './temporary-names.js';

/**
 * The only time that users notice: nothing happens in it that could have happened before or after it.
 *
 * The order is forced. The restart policy goes first, or a restart of the engine would bring the stopped old container
 * back beside the new one. A running container is never renamed: on a Swarm node that breaks the engine's DNS
 * (moby/moby#42351). Killed between any two lines, recovery.ts finds from names and ids where it was.
 */
export async function swap(engine: Engine, old: ContainerInspect, pair: Pair, drain: Drain): Promise<void> {
  if (revivesStopped(pair.restartPolicy))
    await engine.updateRestartPolicy(pair.oldId, { Name: 'no', MaximumRetryCount: 0 });
  if (pair.wasRunning) await stopContainer(engine, old, 'swap', { drain });
  await engine.renameContainer(pair.oldId, parkedName(pair.name, pair.oldId));
  await engine.renameContainer(pair.newId, pair.name);
  if (pair.wasRunning) await engine.startContainer(pair.newId);
}

/**
 * Looks once more, right before the swap, whether the container is still the one that the update began with.
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
      `the container was ${change} by somebody else during the update; it was left as it is`,
    );
}
