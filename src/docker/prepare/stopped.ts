import type { ContainerInspect } from '../engine/engine-types.js';
import { labels } from '../update/labels.js';
import { nameOf } from '../engine/container.js';

/**
 * A warning: nobody is served by the container, though its update succeeded.
 * @param cannotStart why it could not be started, with what to do: then no notify is advised, which would be refused
 */
export function leftStopped({ Name, State }: Pick<ContainerInspect, 'Name' | 'State'>, cannotStart?: string): string {
  if (cannotStart !== undefined) return `${stateOf({ Name, State })} and could not be started: ${cannotStart}`;
  return `${stateOf({ Name, State })} and stays stopped: notify with ?start=true, or give it the label ${labels.start}=true, to have it started`;
}

/** Of a container that was up to date. */
export function startedAgain({ Name }: ContainerInspect): string {
  return `${nameOf({ Name })} did not run and was started`;
}

/** Of a plan: what would become of a container that does not run. */
export function startsStopped({ Name, State }: ContainerInspect): string {
  return `${stateOf({ Name, State })} and would be started`;
}

function stateOf({ Name, State }: Pick<ContainerInspect, 'Name' | 'State'>): string {
  const exited = State.Status === 'exited' ? ` (it exited with code ${State.ExitCode})` : '';
  return `${nameOf({ Name })} does not run${exited}`;
}
