import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';

/** HUP, USR1, USR2, CONT and WINCH: programs are told by them to read something anew, and run on. */
const endsNothing = new Set(['1', '10', '12', '18', '28']);
/** The exit code of a program that a signal ended is the signal's number above this one. */
const exitCodeOfSignals = 128;

/**
 * Whether somebody else ended a container, or started it anew, since it was started: a person, another program, or the engine
 * as it shut down or restarted. Its image is not to blame then.
 * @param container as it was seen to have ended, or to have been started again
 * @param restartsBefore how many times its restart policy had started it before
 * @throws EngineUnreachable or EngineTimeout while the engine shuts down: what ended now says nothing
 */
export async function isEndedFromOutside(
  engine: Engine,
  { Id, State, RestartCount }: Pick<ContainerInspect, 'Id' | 'State' | 'RestartCount'>,
  restartsBefore: number,
): Promise<boolean> {
  await engine.assertTakesConnections();
  // The engine counts a restart by the policy before it starts the container.
  if (State.Running) return RestartCount <= restartsBefore;
  if (State.Restarting || State.OOMKilled) return false;
  if (isStopTold(await engine.signalsSinceStart(Id), State.ExitCode)) return true;
  // Started anew since it was seen, it has left behind the signals that ended it.
  const now = await find(engine, Id);
  return now !== undefined && now.State.StartedAt !== State.StartedAt && now.RestartCount <= restartsBefore;
}

/**
 * Whether a container ended because it was told to, through the engine. Pure.
 * @param signals as `Engine.signalsSinceStart` tells them. An engine that has forgotten the start may have been restarted since: then
 *   the exit code says whether it was a signal
 */
export function isStopTold(signals: readonly string[] | undefined, exitCode: number): boolean {
  return signals ? signals.some((signal) => !endsNothing.has(signal)) : exitCode > exitCodeOfSignals;
}
