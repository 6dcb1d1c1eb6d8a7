import { setTimeout } from 'node:timers/promises';
import { EngineError, isEngineAway } from '../engine/engine-error.js';
import { unlessMissing } from '../engine/find.js';
import { UpdateError } from '../update/outcome.js';
import type { Look } from './convergence.js';
import type { Headway, ServiceProgress } from './service-progress.js';
import type { SwarmManager } from './swarm-manager.js';
import type { Drain } from '../engine/shutdown-signals.js';

const pollMs = 500;
/** What Swarm wants to run, and what it has made ready to take the place of another one. */
const wanted = ['running', 'ready'];

/** How a service's update ended, with the last look at it. */
export interface Watched {
  headway: Exclude<Headway, { is: 'waiting' | 'rolling_back' }>;
  look: Look;
}

/**
 * Looks at a service until its update has ended, or makes no headway.
 * @param waitMs how long the engine, or the Swarm's managers, may be away
 * @param onRollingBack called once, before Swarm has cleared away what failed
 * @throws UpdateError with the stage `prove` where the service stops first (`interrupted`), or the engine stays away
 */
export async function watchService(
  manager: SwarmManager,
  serviceId: string,
  progress: ServiceProgress,
  { drain, waitMs, onRollingBack }: { drain: Drain; waitMs: number; onRollingBack: (look: Look) => Promise<void> },
): Promise<Watched> {
  let isRollingBack = false;
  for (;;) {
    const look = await lookPatiently(manager, serviceId, waitMs, drain);
    const headway = progress.see(look, performance.now());
    if (headway.is === 'rolling_back') {
      if (!isRollingBack) await onRollingBack(look);
      isRollingBack = true;
    } else if (headway.is !== 'waiting') return { headway, look };
    if (drain.nearlyOver.aborted) throw interrupted();
    await pause(drain);
  }
}

/** A manager that has just started, or a Swarm that has lost its leader, refuses for a while. */
async function lookPatiently(manager: SwarmManager, serviceId: string, waitMs: number, drain: Drain): Promise<Look> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    try {
      const service = await unlessMissing(manager.inspectService(serviceId));
      if (!service)
        throw new UpdateError('container_changed', 'prove', 'somebody removed the service while it was being updated');
      return { service, tasks: await manager.listTasks(serviceId, wanted) };
    } catch (error) {
      const passes = isEngineAway(error) || (error instanceof EngineError && error.statusCode >= 500);
      if (!passes) throw error;
      if (drain.nearlyOver.aborted) throw interrupted();
      if (performance.now() >= deadline)
        throw new UpdateError(
          'engine_unreachable',
          'prove',
          `${(error as Error).message}; the update was handed to Swarm, which goes on with it by itself`,
          { cause: error },
        );
    }
    await pause(drain);
  }
}

function interrupted(): UpdateError {
  return new UpdateError(
    'interrupted',
    'prove',
    'the service stops; Swarm goes on with the update by itself, and the next notify tells how it ended',
  );
}

async function pause({ nearlyOver }: Drain): Promise<void> {
  await setTimeout(pollMs, undefined, { signal: nearlyOver }).catch(() => undefined);
}
