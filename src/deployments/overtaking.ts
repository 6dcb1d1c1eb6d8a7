import type { Deployment, Winner } from './deployment.js';

/**
 * The newest deployment that was asked for after this one, for another digest that the registry has served since: what
 * this one waits for will not come again. That the registry serves something else is not enough, for it may just not
 * have got there yet.
 * @param ofContainer the deployments of its container, in the order in which they were accepted
 * @param servedDigest what the registry serves now
 */
export function overtaking(
  deployment: Pick<Deployment, 'id' | 'partOf' | 'expectedDigest'>,
  ofContainer: readonly Deployment[],
  servedDigest: string,
): Winner | undefined {
  // A part of a deployment for several hosts was asked for with the whole, and is not listed itself.
  const asked = deployment.partOf ?? deployment.id;
  const later = ofContainer.slice(ofContainer.findIndex(({ id }) => id === asked) + 1);
  const winner = later.findLast(
    ({ expectedDigest, status }) =>
      expectedDigest !== undefined &&
      expectedDigest !== deployment.expectedDigest &&
      (expectedDigest === servedDigest || status === 'succeeded'),
  );
  return winner?.expectedDigest === undefined ? undefined : { deploymentId: winner.id, digest: winner.expectedDigest };
}
