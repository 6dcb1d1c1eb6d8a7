import { setTimeout } from 'node:timers/promises';
import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import { find } from './find.js';
import { UpdateError, type Drain, type Stage } from './outcome.js';

const defaultGraceSeconds = 10;
const killedWithinMs = 10_000;
const pollMs = 100;

/**
 * Stops a container: its own signal and grace, then a kill. What counts is the result, not what the engine answers. One
 * that was run with `--rm` is gone afterwards.
 * @throws UpdateError `stop_failed` where it still runs in the end, or is still there
 */
export async function stopContainer(
  engine: Engine,
  { Id, Config, HostConfig }: Pick<ContainerInspect, 'Id' | 'Config' | 'HostConfig'>,
  stage: Stage,
  options: { graceSeconds?: number; drain?: Drain } = {},
): Promise<void> {
  const graceSeconds = options.graceSeconds ?? Config.StopTimeout ?? defaultGraceSeconds;
  const stopped = engine.stopContainer(Id, {
    graceSeconds: options.graceSeconds,
    graceMs: Math.max(0, graceSeconds) * 1000,
    signal: options.drain?.nearlyOver,
  });
  let failure = await failureOf(stopped);
  if (await isRunning(engine, Id)) failure = (await failureOf(engine.killContainer(Id))) ?? failure;
  else if (!HostConfig.AutoRemove) return;
  const isDone = async (): Promise<boolean> =>
    HostConfig.AutoRemove ? !(await find(engine, Id)) : !(await isRunning(engine, Id));
  const deadline = performance.now() + killedWithinMs;
  while (performance.now() < deadline) {
    if (await isDone()) return;
    await setTimeout(pollMs);
  }
  throw new UpdateError(
    'stop_failed',
    stage,
    `container ${Id.slice(0, 12)} ${HostConfig.AutoRemove ? 'is still there' : 'still runs'} after a stop and a kill${failure ? `: ${failure.message}` : ''}`,
    {
      cause: failure,
    },
  );
}

async function failureOf(call: Promise<void>): Promise<Error | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

async function isRunning(engine: Engine, id: string): Promise<boolean> {
  return (await find(engine, id))?.State.Running ?? false;
}
