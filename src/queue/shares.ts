import type { DeploymentKind } from '../deployments/deployment.js';

/** How many deployments of one kind a caller may have waiting for one container (of a host, where it names one). */
export const maxWaitingPerCaller = 4;

/** One that waits, and whose it is. */
export interface Claimed {
  kind: DeploymentKind;
  host?: string;
  /** The accounts of all who asked for it, the first one first. */
  askedBy: readonly string[];
  /** One that is about to end does not count. */
  overtakenBy?: string;
}

/** A request that wants a place of its own. */
export interface Claim {
  kind: DeploymentKind;
  host?: string;
  account: string;
}

/**
 * Those that a caller gives up, oldest first, because it asks for one more: its newest requests count. In a full queue it
 * gives one up for the new one, where it has one that nobody else asked for. Pure.
 * @param waiting all that wait for the container, in the order in which they came
 */
export function givenUpFor<T extends Claimed>(waiting: readonly T[], claim: Claim, isFull: boolean): T[] {
  const own = waiting.filter(
    ({ kind, host, askedBy, overtakenBy }) =>
      overtakenBy === undefined && kind === claim.kind && host === claim.host && askedBy.includes(claim.account),
  );
  const surplus = own.slice(0, Math.max(0, own.length - maxWaitingPerCaller + 1));
  if (!isFull || surplus.some(isAlone)) return surplus;
  const oldest = own.find(isAlone);
  return oldest ? [...surplus, oldest] : surplus;
}

/** Who is left of those who asked for one when a caller gives it up; nobody: it ends. */
export function othersThan(account: string, { askedBy }: Pick<Claimed, 'askedBy'>): string[] {
  return askedBy.filter((other) => other !== account);
}

function isAlone({ askedBy }: Claimed): boolean {
  return askedBy.length === 1;
}
