import { may, type Caller } from '../auth/caller.js';
import type { Deployment } from '../deployments/deployment.js';
import { redacted, withoutEvidence, type RedactedDeployment } from './redacted-deployment.js';

/** What a caller that may have a container updated is shown of its deployment: all of it only where it may read them too. */
export function shownTo(caller: Caller, deployment: Deployment): RedactedDeployment {
  return may(caller, 'read', deployment.container) ? readableBy(caller, deployment) : redacted(deployment);
}

/** The record as a caller that may read its container is shown it: what another container said only if it may read that one too. */
export function readableBy<Of extends Deployment>(caller: Caller, deployment: Of): Of {
  return mayReadEvidence(caller, deployment.container, deployment.error?.evidenceOf)
    ? deployment
    : withoutEvidence(deployment);
}

/** @param of as `evidenceOf` of DeploymentError */
export function mayReadEvidence(caller: Caller, container: string, of: string | undefined): boolean {
  return of === undefined || of === container || may(caller, 'read', of);
}
