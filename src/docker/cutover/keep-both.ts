import type { Engine } from '../engine/engine.js';
import { find } from '../engine/find.js';
import { type Pair } from '../update/pair.js';
import { noRestart, setRestartPolicy } from './restart-policy.js';
import { stopContainer } from './stop.js';
import { keptName, parkedName } from '../update/temporary-names.js';
import { nameOf } from '../engine/container.js';

/** Names of containers; undefined for one that is gone. */
export interface Kept {
  old?: string;
  replacement?: string;
}

/**
 * The end of an update that failed where its container asked for `on-failure=stop`: the new containers are stopped and
 * keep the name, the old ones stay stopped beside them, and nobody but people starts either again. For data that the new
 * version may have migrated, and that the old one would ruin.
 *
 * The order matters: an old container is renamed last, for until then a recovery comes here again; from then on it leaves
 * both alone. May be repeated.
 * @returns what is kept of the target, by the names that the two have now: somebody may have removed one
 * @throws where the engine fails: the next recovery goes on with it
 */
export async function keepBoth(engine: Engine, pairs: readonly Pair[]): Promise<Kept> {
  const dependentsFirst = pairs.toReversed();
  for (const { newId } of dependentsFirst) {
    const replacement = await find(engine, newId);
    if (!replacement) continue;
    if (replacement.State.Running) await stopContainer(engine, replacement, 'prove');
    if (revives(replacement.HostConfig.RestartPolicy?.Name)) await setRestartPolicy(engine, newId, noRestart);
  }
  for (const { name, oldId } of dependentsFirst) {
    const old = await find(engine, oldId);
    if (old && nameOf(old) === parkedName(name, oldId)) await engine.renameContainer(oldId, keptName(name, oldId));
  }
  const [target] = pairs;
  if (!target) return {};
  const [old, replacement] = await Promise.all([find(engine, target.oldId), find(engine, target.newId)]);
  return { old: old && nameOf(old), replacement: replacement && nameOf(replacement) };
}

/** `unless-stopped` too: a container that exited by itself was not stopped, and comes back with the engine. */
function revives(policy: string | undefined): boolean {
  return policy !== undefined && policy !== '' && policy !== 'no';
}
