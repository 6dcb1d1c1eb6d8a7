import type { Deployment, DeploymentEnd, DeploymentError, DeploymentKind, Winner } from '../deployments/deployment.js';

/** Of one that waited for its digest: the registry serves that of a later deployment. */
export function supersededByPush(
  { expectedDigest }: Pick<Deployment, 'expectedDigest'>,
  winner: Winner,
  error: DeploymentError,
): DeploymentError {
  const message = `a later push overtook ${String(expectedDigest)}: deployment ${winner.deploymentId} is for ${String(winner.digest)}, and the registry serves ${String(error.servedDigest)} now`;
  return { ...error, code: 'superseded', message, supersededBy: winner };
}

/** Of one that waited to be tried again: somebody asked for the other kind since. */
export function supersededByOtherKind(container: string, kind: DeploymentKind, by: string): DeploymentError {
  const later = kind === 'notify' ? 'rollback' : 'notify';
  const message = `a ${later} of ${container} was asked for since, deployment ${by}, and what was asked for last is what counts`;
  return { code: 'superseded', stage: 'pull', message, supersededBy: { deploymentId: by } };
}

/** Of one whose callers asked for newer ones since, as many as may wait. */
export function supersededByNewer(container: string, winner: Winner): DeploymentError {
  const message = `its caller has asked for ${container} several times since, last with deployment ${winner.deploymentId}: the newest requests count. Nothing was touched`;
  return { code: 'superseded', message, supersededBy: winner };
}

/** The same, as the end of one that waited. */
export function endByNewer({ container }: Pick<Deployment, 'container'>, winner: Deployment): DeploymentEnd {
  const { id, expectedDigest } = winner;
  const by = { deploymentId: id, ...(expectedDigest === undefined ? {} : { digest: expectedDigest }) };
  return { status: 'failed', error: supersededByNewer(container, by) };
}
