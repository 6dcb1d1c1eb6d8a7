import { nameOf } from '../engine/container.js';
import type { ContainerInspect, RestartPolicy } from '../engine/engine-types.js';

/** The two containers of an update, and what the old one was before it began. Ids, never names: names are what changes. */
export interface Pair {
  name: string;
  oldId: string;
  newId: string;
  /** The image reference of both. */
  image: string;
  oldImageId: string;
  newImageId: string;
  wasRunning: boolean;
  /** Whether the replacement is started: the old one ran, or a stopped one is to be started. */
  startsNew: boolean;
  restartPolicy: RestartPolicy;
}

/**
 * @param replacement created while the old container was as it was before the update
 * @param oldId another one than the old container's where a copy stands in for it: see stand-in.ts
 * @param startStopped whether the replacement of one that did not run is started
 */
export function pairOf(
  old: ContainerInspect,
  replacement: ContainerInspect,
  { oldId = old.Id, startStopped = false }: { oldId?: string; startStopped?: boolean } = {},
): Pair {
  return {
    name: nameOf(old),
    oldId,
    newId: replacement.Id,
    image: old.Config.Image,
    oldImageId: old.Image,
    newImageId: replacement.Image,
    wasRunning: old.State.Running,
    startsNew: old.State.Running || startStopped,
    restartPolicy: old.HostConfig.RestartPolicy ?? { Name: 'no' },
  };
}

/** Policies by which the engine, when it restarts, starts even a container that was stopped by hand. */
export function revivesStopped(policy: RestartPolicy): boolean {
  return policy.Name === 'always' || policy.Name === 'on-failure';
}
