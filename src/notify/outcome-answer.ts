import { Problem } from '../http/problem.js';
import type { RedactedDeployment } from './redacted-deployment.js';

const retryAfterSeconds = 5;

/**
 * The answer to somebody who waited for the outcome of a deployment: its record where it succeeded.
 *
 * Everything else is an error, so that `curl --fail` is never green by mistake. A failure is 422, which clients do not
 * repeat by themselves; 503 and 504 they may repeat: a repeated notify merely coalesces.
 * @throws Problem with the deployment as an extension: 422 where it failed or was rolled back, 503 where it was dropped,
 * 504 `still_running` where it has not ended
 */
export function outcomeAnswer<Shown extends RedactedDeployment>(deployment: Shown): Shown {
  const shown: RedactedDeployment = deployment;
  if (shown.status === 'succeeded') return deployment;
  const { id, container } = shown;
  if (shown.status === 'queued' || shown.status === 'running')
    throw new Problem(
      504,
      'still_running',
      `The update of ${container} is ${shown.status}; its outcome will be at /deployments/${id}.`,
      { Location: `/deployments/${id}` },
      { deployment },
    );
  const { code, message } = shown.error;
  switch (shown.status) {
    case 'failed':
      throw new Problem(422, code, `The update of ${container} failed: ${message}`, {}, { deployment });
    case 'rolled_back':
      throw new Problem(
        422,
        code,
        `The update of ${container} was rolled back, the old container runs again: ${message}`,
        {},
        { deployment },
      );
    case 'dropped':
      throw new Problem(
        503,
        code,
        `The update of ${container} was dropped: ${message}`,
        { 'Retry-After': String(retryAfterSeconds) },
        { deployment },
      );
  }
}
