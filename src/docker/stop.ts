import { setTimeout } from 'node:timers/promises';
import { hasStatus } from './engine-error.js';
import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import { UpdateError, type Drain, type Stage } from './outcome.js';

const defaultGraceSeconds = 10;
const killedWithinMs = 10_000;
const pollMs = 100;

/**
 * Stops a container: its own signal and grace, then a kill. What counts is the result, not what the engine answers.
 * @throws UpdateError `stop_failed` where it still runs in the end
 */
export async function stopContainer(
  engine: Engine,
  { Id, Config }: Pick<ContainerInspect, 'Id' | 'Config'>,
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
  if (!(await isRunning(engine, Id))) return;
  failure = (await failureOf(engine.killContainer(Id))) ?? failure;
  const deadline = performance.now() + killedWithinMs;
  while (performance.now() < deadline) {
    if (!(await isRunning(engine, Id))) return;
    await setTimeout(pollMs);
  }
  throw new UpdateError(
    'stop_failed',
    stage,
    `container ${Id.slice(0, 12)} still runs after a stop and a kill${failure ? `: ${failure.message}` : ''}`,
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
  try {
    return (await engine.inspectContainer(id)).State.Running;
  } catch (error) {
    if (hasStatus(error, 404)) return false;
    throw error;
  }
}
