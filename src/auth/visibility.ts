import type { Action } from '../config/policy/policy.schema.js';
import type { AuditLog } from './audit-log.service.js';
import { may, type Caller } from './caller.js';

/**
 * Whether a caller may see what concerns a container, in order to do one of some things with it. For answers that must not tell whether there is such a thing: those
 * whose address does not name the container, so that BearerGuard could not decide. What is hidden is a line of the audit log.
 */
export function maySee(
  caller: Caller,
  container: string,
  actions: readonly Action[],
  audit: Pick<AuditLog, 'denied'>,
): boolean {
  if (actions.some((action) => may(caller, action, container))) return true;
  const action = actions.join(' or ');
  const { id, address, pipeline } = caller;
  audit.denied(caller, `denied: ${id} may not ${action} ${container}`, {
    from: address,
    who: id,
    ...pipeline,
    action,
    container,
    result: 'hidden',
  });
  return false;
}
