import { Logger } from '@nestjs/common';
import type { Action } from '../config/policy/policy.schema.js';
import { may, type Caller } from './caller.js';

export const audit = new Logger('Audit');

/**
 * Whether a caller may see what concerns a container, in order to do one of some things with it. For answers that must not tell whether there is such a thing: those
 * whose address does not name the container, so that BearerGuard could not decide. What is hidden is a line of the audit log.
 */
export function maySee(caller: Caller, container: string, ...actions: Action[]): boolean {
  if (actions.some((action) => may(caller, action, container))) return true;
  const action = actions.join(' or ');
  const { id, address, pipeline } = caller;
  audit.warn(`denied: ${id} may not ${action} ${container}`, {
    from: address,
    who: id,
    ...pipeline,
    action,
    container,
    result: 'hidden',
  });
  return false;
}
