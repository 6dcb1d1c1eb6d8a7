import type { Caller } from '../auth/caller.js';
import type { DeploymentEvent } from '../deployments/deployment-events.js';
import { mayReadEvidence, readableBy } from '../notify/shown-to.js';

/**
 * An event of a container's deployment as a caller that may read the container sees it; undefined for log lines of a container that it
 * may not read. Pure.
 */
export function visibleEvent(event: DeploymentEvent, container: string, caller: Caller): DeploymentEvent | undefined {
  // What another process tells of a record says nothing but which one.
  if ('deployment' in event) {
    if (event.relayed) return event;
    return event.type === 'finished'
      ? { ...event, deployment: readableBy(caller, event.deployment) }
      : { ...event, deployment: readableBy(caller, event.deployment) };
  }
  return event.type !== 'log' || mayReadEvidence(caller, container, event.of) ? event : undefined;
}
