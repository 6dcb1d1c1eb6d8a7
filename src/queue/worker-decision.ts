import type { Settings } from '../config/settings.js';
import type { DeploymentEnd, DeploymentRetry, RunningDeployment, Winner } from '../deployments/deployment.js';
import type { UpdateOutcome } from '../docker/update/outcome.js';
import { retryDelayMs } from './retry-policy.js';
import { supersededByPush } from './superseded.js';

/** Why a deployment went back to the queue before it was begun: its container was notified many times in vain. */
export const pacedCode = 'paced';

/** Why a deployment ends that the stop of the service leaves in the queue. */
export const stopping = {
  code: 'stopping',
  message: 'the service was stopped before this deployment was begun, or tried again; notify again',
};

/** What the worker knows when an update has returned. */
export interface Circumstances {
  /** The record as it was when this try began. */
  started: RunningDeployment;
  /** The later deployment that is for the digest that the registry serves now. */
  winner: Winner | undefined;
  /** Whether what waits outlives this process. */
  isDurable: boolean;
  isStopping: boolean;
  /** Epoch milliseconds, as the clock of the host says; and as it would if nobody had set it since the first try. */
  now: { wall: number; steady: number };
  settings: Pick<Settings, 'digestTimeoutMs' | 'pullRetries'>;
}

/** Either the end, or a retry; a retry for which the queue has no room ends as `otherwise` says. */
export type WorkerDecision =
  { end: DeploymentEnd } | { retry: DeploymentRetry; otherwise: Extract<DeploymentEnd, { error: unknown }> };

/** Decides what becomes of a deployment after a try. Pure. */
export function decideAfter(outcome: UpdateOutcome, circumstances: Circumstances): WorkerDecision {
  const { started, winner, isDurable, isStopping, now, settings } = circumstances;
  if (outcome.status === 'dropped' && isDurable) {
    // Given up because of a stop, with nothing touched: the next start begins it anew.
    return { retry: retryAt(now.wall, outcome.error), otherwise: outcome };
  }
  if (outcome.status !== 'postponed') return { end: outcome };
  const { retryAfterMs, ...reached } = outcome;
  const { error } = outcome;
  if (winner) return { end: { ...reached, status: 'failed', error: supersededByPush(started, winner, error) } };
  const failed = { ...reached, status: 'failed' as const };
  const registryTime = error.retryAt && new Date(Date.parse(error.retryAt) - now.wall + now.steady).toISOString();
  const delayMs = retryDelayMs(withoutPacing(started), settings, now.steady, registryTime, retryAfterMs);
  if (delayMs === undefined) return { end: failed };
  if (isStopping && !isDurable) return { end: { ...reached, status: 'dropped', error: { ...error, ...stopping } } };
  return { retry: retryAt(now.wall + delayMs, error), otherwise: failed };
}

/** Whether a try is the last one. Pure. */
export function isLastTry(
  started: RunningDeployment,
  settings: Pick<Settings, 'digestTimeoutMs' | 'pullRetries'>,
  steadyNow: number,
): boolean {
  return retryDelayMs(withoutPacing(started), settings, steadyNow) === undefined;
}

/** Without the tries at which it only waited for its turn. */
function withoutPacing(deployment: RunningDeployment): RunningDeployment {
  const waits = deployment.retries?.filter(({ code }) => code === pacedCode).length ?? 0;
  return { ...deployment, attempts: deployment.attempts - waits };
}

function retryAt(
  epochMs: number,
  { stage, code, message }: { stage: string; code: string; message: string },
): DeploymentRetry {
  return { stage, code, message, notBefore: new Date(epochMs).toISOString() };
}
