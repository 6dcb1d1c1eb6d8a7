import { may, type Caller } from '../auth/caller.js';
import type { Deployment } from '../deployments/deployment.js';
import { verdictOf, type Verdict } from '../deployments/verdict.js';

/** What a caller that may have a container updated is shown of its deployment: all of it only where it may read them too. */
export function shownTo(caller: Caller, deployment: Deployment): Verdict {
  return may(caller, 'read', deployment.container) ? deployment : verdictOf(deployment);
}
