import type { Action } from '../config/policy/policy.schema.js';
import { Problem } from '../http/problem.js';

export const challenge = 'Bearer realm="trigger-docker-pull"';

/**
 * The answer 403 to a good credential that does not grant what is asked (RFC 6750 §3.1).
 * @param reason follows "does not reach so far: "
 * @param scopes the actions of which one is missing
 */
export function insufficientScope(reason: string, scopes: readonly Action[]): Problem {
  const scope = scopes.length === 0 ? '' : `, scope="${scopes.join(' ')}"`;
  return new Problem(403, 'insufficient_scope', `The token is valid and does not reach so far: ${reason}.`, {
    'WWW-Authenticate': `${challenge}, error="insufficient_scope"${scope}`,
  });
}
