import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';
import { UpdateError, type FailureCode } from '../update/outcome.js';
import type { ProofPolicy } from '../rules/proof-policy.js';
import { nameOf } from '../engine/container.js';
import type { Pair } from '../update/pair.js';
import { isEndedFromOutside } from './outside-stop.js';

/** A replacement between its proof and the removal of the old container. */
export interface Proved {
  /** As it was when it had proved itself, or as it was created if it is not to run. */
  container: Pick<ContainerInspect, 'Id' | 'State' | 'RestartCount'>;
  /** What it had to show; undefined for one that is not to run. */
  policy?: Pick<ProofPolicy, 'mode'>;
}

/** A replacement failed after its proof, while there is still an old container to go back to. */
export class ProofLapsed extends UpdateError {
  /** Whether somebody else removed, stopped or restarted it, or the engine did: its image is not to blame. */
  isFromOutside = false;
}

/**
 * Looks whether replacements are still as they proved themselves: there, by their names, running since the same start, and
 * healthy if they had to be. To be called right before an old container is stopped or removed.
 * @throws ProofLapsed for the first one that is not
 */
export async function assertStillProved(
  engine: Engine,
  all: readonly Proved[],
  pairs: readonly Pick<Pair, 'name' | 'newId'>[],
): Promise<void> {
  const found = await Promise.all(all.map(({ container }) => find(engine, container.Id)));
  for (const [index, proved] of all.entries()) {
    const name = pairs.find(({ newId }) => newId === proved.container.Id)?.name;
    const lapse = lapseOf(found[index], proved, name);
    if (!lapse) continue;
    const lapsed = new ProofLapsed(
      lapse.code,
      'commit',
      `the new container proved itself, but failed before the old one was removed: ${lapse.message}`,
      { exitCode: lapse.exitCode, containerId: proved.container.Id },
    );
    const now = found[index];
    lapsed.isFromOutside =
      isRemoved(now) ||
      (now !== undefined &&
        ['exited', 'restarting'].includes(lapse.code) &&
        (await isEndedFromOutside(engine, now, proved.container.RestartCount)));
    throw lapsed;
  }
}

/** Whether a container is gone, or about to be: no image does that. */
export function isRemoved(container: Pick<ContainerInspect, 'State'> | undefined): boolean {
  return !container || container.State.Status === 'removing';
}

interface Lapse {
  code: Extract<FailureCode, 'exited' | 'restarting' | 'unhealthy' | 'container_changed'>;
  message: string;
  exitCode?: number;
}

/**
 * How a replacement differs from what it proved; undefined if it does not. Pure.
 * @param name what it must be called
 */
export function lapseOf(
  now: Pick<ContainerInspect, 'Name' | 'State' | 'RestartCount'> | undefined,
  { container, policy }: Proved,
  name?: string,
): Lapse | undefined {
  if (!now)
    return { code: 'exited', message: 'it is gone, because somebody removed it or it was run with --rm and ended' };
  if (name !== undefined && nameOf(now) !== name)
    return { code: 'container_changed', message: `somebody renamed it from ${name} to ${nameOf(now)}` };
  if (!policy) return undefined;
  const { State, RestartCount } = now;
  const ended: Lapse = { code: 'exited', message: `it exited with code ${State.ExitCode}`, exitCode: State.ExitCode };
  // Its start was enough, and a job may have done its work meanwhile.
  if (policy.mode === 'none') return State.Running || State.ExitCode === 0 ? undefined : ended;
  if (
    State.Restarting ||
    RestartCount > container.RestartCount ||
    (State.Running && State.StartedAt !== container.State.StartedAt)
  ) {
    const exitCode = State.Restarting ? State.ExitCode : undefined;
    return { code: 'restarting', message: 'it stopped and was started again', exitCode };
  }
  if (!State.Running) return ended;
  if (policy.mode === 'healthy' && State.Health?.Status === 'unhealthy')
    return { code: 'unhealthy', message: 'its HEALTHCHECK says unhealthy' };
  return undefined;
}
