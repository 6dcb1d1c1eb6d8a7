import type { ContainerInspect } from '../engine/engine-types.js';
import { nameOf } from '../engine/container.js';

/** The engine's own, on Linux. */
const defaultGraceSeconds = 10;

/** How long a container may take to stop before the engine kills it. */
export interface StopTime {
  graceMs: number;
  /** What to ask the engine for; undefined: the container's own grace. */
  askedSeconds?: number;
}

/**
 * The grace that a container was given, at most MAX_STOP_TIME. A negative stop timeout means as long as it takes. Pure.
 * @param maxStopMs MAX_STOP_TIME
 */
export function stopTime({ Config }: Pick<ContainerInspect, 'Config'>, maxStopMs: number): StopTime {
  const ownMs = (Config.StopTimeout ?? defaultGraceSeconds) * 1000;
  if (ownMs >= 0 && !(ownMs > maxStopMs)) return { graceMs: ownMs };
  const askedSeconds = Math.ceil(maxStopMs / 1000);
  return { graceMs: askedSeconds * 1000, askedSeconds };
}

/** Warnings of a plan: which running containers get less time to stop than they were given. */
export function shortenedStops(
  containers: readonly Pick<ContainerInspect, 'Name' | 'Config' | 'State'>[],
  maxStopMs: number,
): string[] {
  return containers.flatMap((container) => {
    const { askedSeconds } = stopTime(container, maxStopMs);
    if (askedSeconds === undefined || !container.State.Running) return [];
    const own = container.Config.StopTimeout ?? defaultGraceSeconds;
    const meaning = own < 0 ? `${own} (as long as it takes)` : `${own} s`;
    return [
      `${nameOf(container)} has the stop timeout ${meaning}: an update kills it after ${askedSeconds} s, as MAX_STOP_TIME says`,
    ];
  });
}
