import { setTimeout } from 'node:timers/promises';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { errorOf } from '../engine/error-of.js';
import { find } from '../engine/find.js';
import { UpdateError, type Stage } from '../update/outcome.js';
import { stopTime } from './stop-time.js';
import type { Drain } from '../engine/shutdown-signals.js';

const killedWithinMs = 10_000;
const pollMs = 100;
/** How long after the grace the engine's own kill may take to show. */
const enginesKillMs = 2000;
/** Somebody else removes it. A rename meanwhile would leave its name taken, until the engine restarts, by a container that is gone. */
const removing = 'removing';

/**
 * Stops a container: its own signal and grace, at most MAX_STOP_TIME, then a kill. What counts is the result, not what the
 * engine answers: a call that breaks off early, in a proxy say, takes nothing from the grace. One that was run with `--rm`, or that
 * somebody else removes meanwhile, is gone afterwards.
 * @throws UpdateError `stop_failed` where it still runs in the end, or is still there; `interrupted` where the service stops first:
 *   the engine goes on with the stop
 */
export async function stopContainer(
  engine: Engine,
  { Id, Config, HostConfig }: Pick<ContainerInspect, 'Id' | 'Config' | 'HostConfig'>,
  stage: Stage,
  options: { graceSeconds?: number; drain?: Drain } = {},
): Promise<void> {
  const { graceMs, askedSeconds } =
    options.graceSeconds === undefined
      ? stopTime({ Config }, engine.maxStopMs)
      : { graceMs: options.graceSeconds * 1000, askedSeconds: options.graceSeconds };
  const killAt = performance.now() + graceMs + enginesKillMs;
  const stopped = engine.stopContainer(Id, {
    graceSeconds: askedSeconds,
    graceMs,
    signal: options.drain?.nearlyOver,
  });
  let failure = await errorOf(stopped);
  if (failure && !isRefusal(failure)) await pollUntilStopped(engine, Id, killAt, options.drain);
  const { Running: runsOn = false, Status } = (await find(engine, Id))?.State ?? {};
  if (runsOn && options.drain?.nearlyOver.aborted) {
    throw new UpdateError(
      'interrupted',
      stage,
      `the service stops while container ${Id.slice(0, 12)} still ends; the engine lets it, and the next start decides`,
    );
  }
  if (runsOn) failure = (await errorOf(engine.killContainer(Id))) ?? failure;
  else if (!HostConfig.AutoRemove && Status !== removing) return;
  const isDone = async (): Promise<boolean> => {
    const state = (await find(engine, Id))?.State;
    return !state || (!HostConfig.AutoRemove && !state.Running && state.Status !== removing);
  };
  const deadline = performance.now() + killedWithinMs;
  while (performance.now() < deadline) {
    if (await isDone()) return;
    await setTimeout(pollMs);
  }
  throw new UpdateError(
    'stop_failed',
    stage,
    `container ${Id.slice(0, 12)} ${runsOn && !HostConfig.AutoRemove ? 'still runs' : 'is still there'} after a stop and a kill${failure ? `: ${failure.message}` : ''}`,
    {
      cause: failure,
    },
  );
}

/** Waits for a container that somebody else has told to stop, no longer than the engine lets it take. */
export async function untilStopped(
  engine: Engine,
  { Id, Config }: Pick<ContainerInspect, 'Id' | 'Config'>,
): Promise<void> {
  const { graceMs } = stopTime({ Config }, engine.maxStopMs);
  await pollUntilStopped(engine, Id, performance.now() + graceMs + enginesKillMs);
}

async function pollUntilStopped(engine: Engine, id: string, until: number, drain?: Drain): Promise<void> {
  while (performance.now() < until && !drain?.nearlyOver.aborted) {
    if (!(await isRunning(engine, id))) return;
    await setTimeout(pollMs, undefined, { signal: drain?.nearlyOver }).catch(() => undefined);
  }
}

/** Whether the call is over: the engine refused it, or has tried a kill too. Above 500 it is a proxy that gave up waiting. */
function isRefusal(failure: Error): boolean {
  return failure instanceof EngineError && failure.statusCode <= 500;
}

async function isRunning(engine: Engine, id: string): Promise<boolean> {
  return (await find(engine, id))?.State.Running ?? false;
}
