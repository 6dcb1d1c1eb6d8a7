import { Logger } from '@nestjs/common';
import { may, type Caller } from './caller.js';

const audit = new Logger('Audit');

/**
 * Whether a caller may see what concerns a container. For answers that must not tell whether there is such a thing: those
 * whose address does not name the container, so that BearerGuard could not decide. What is hidden is a line of the audit log.
 */
export function maySee(caller: Caller, container: string): boolean {
  if (may(caller, 'read', container)) return true;
  const { id, address, pipeline } = caller;
  audit.warn(`denied: ${id} may not read ${container}`, {
    from: address,
    who: id,
    ...pipeline,
    action: 'read',
    container,
    result: 'hidden',
  });
  return false;
}
