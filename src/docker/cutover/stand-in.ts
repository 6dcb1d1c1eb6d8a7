import type { ContainerInspect } from '../engine/engine-types.js';
import { hasRun } from '../engine/container.js';

/**
 * A container run with `--rm` vanishes when it stops, so that it could not come back itself. Before its update a copy of it
 * is made, of the image that it runs, and parked under the name that an old container gets: from the stop on, that copy is
 * the old container, for the commit, the rollback and a recovery alike.
 */
export function needsStandIn({ HostConfig, State }: ContainerInspect): boolean {
  return HostConfig.AutoRemove === true && State.Running;
}

/** Whether the old container that a recovery found is such a copy, of one that ran: only those that run are updated. */
export function isStandIn(old: ContainerInspect): boolean {
  return old.HostConfig.AutoRemove === true && !hasRun(old);
}
