import { setTimeout } from 'node:timers/promises';
import { isEngineAway } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { Drain } from '../engine/shutdown-signals.js';

const pollMs = 500;

/** Waits for an engine that is away or shuts down, for `waitMs` at the most. @throws what the engine's last failure was */
export async function awaitEngine(engine: Engine, waitMs: number, drain: Drain): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    try {
      await engine.assertTakesConnections();
      await engine.connect();
      return;
    } catch (error) {
      if (!isEngineAway(error) || performance.now() >= deadline || drain.begun.aborted) throw error;
    }
    await setTimeout(pollMs, undefined, { signal: drain.begun }).catch(() => undefined);
  }
}
