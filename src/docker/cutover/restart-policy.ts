import { setTimeout } from 'node:timers/promises';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { RestartPolicy } from '../engine/engine-types.js';

const attempts = 50;
const pauseMs = 100;

/** So that nothing but a start brings a container back: not even a restart of the engine. */
export const noRestart: RestartPolicy = { Name: 'no', MaximumRetryCount: 0 };

/**
 * Sets a container's restart policy, also while it is in a crash loop: when its process has just ended and the engine has
 * not noticed yet, runc refuses to update what has stopped or is deleted. A moment later the container counts as restarting, and is not
 * asked about.
 * @throws EngineError where the engine refuses for another reason, or for as long as five seconds
 */
export async function setRestartPolicy(engine: Engine, containerId: string, policy: RestartPolicy): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await engine.updateRestartPolicy(containerId, policy);
      return;
    } catch (error) {
      const hasJustEnded =
        error instanceof EngineError && /stopped container|deleted process|not running/i.test(error.detail);
      if (!hasJustEnded || attempt === attempts) throw error;
      await setTimeout(pauseMs);
    }
  }
}
