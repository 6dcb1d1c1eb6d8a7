import { postpone } from '../deployments/deployment.js';
import type { StoredDeployment } from '../deployments/redis/redis.deployment-store.js';

/** The end of a part of which the whole has ended. */
export const notWanted = {
  status: 'dropped' as const,
  error: { code: 'cancelled', message: 'the deployment that it is a part of has ended; nothing was touched' },
};

/** Whether a request may still become a part of it: nobody has begun it, and nobody is about to. */
export function mayBeJoined({ deployment, taken, withdrawn, overtakenBy }: StoredDeployment): boolean {
  return deployment.status === 'queued' && !taken && !withdrawn && overtakenBy === undefined;
}

/** Whether one of those that wait for a container is behind all of the other kind, for what was asked for last is what counts. */
export function isBehindOtherKind(waiting: readonly { kind: string }[], at: number): boolean {
  return waiting.slice(at + 1).every(({ kind }) => kind === waiting[at]?.kind);
}

/** One that its worker takes; one that ran already was interrupted. Undefined where it is not to be begun at all. */
export function take(stored: StoredDeployment): StoredDeployment | undefined {
  if (stored.withdrawn) return undefined;
  const { deployment } = stored;
  if (deployment.status === 'running') {
    const stage = deployment.stages.at(-1)?.stage ?? 'recover';
    const message = 'the process that worked on it was gone; recovery has put right what it left behind';
    const retry = { stage, code: 'interrupted', message, notBefore: new Date().toISOString() };
    return { ...stored, deployment: postpone(deployment, retry), taken: true };
  }
  const isEarly = deployment.notBefore !== undefined && Date.parse(deployment.notBefore) > Date.now();
  return isEarly ? stored : { ...stored, taken: true };
}
