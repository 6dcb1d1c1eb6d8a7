import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { Problem } from './problem.js';

const limitBytes = 1024 * 1024;

/** Refuses bodies that announce more than 1 MiB. No body is ever read: whatever a webhook sends along is ignored. */
@Injectable()
export class BodyLimitGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const length = Number(context.switchToHttp().getRequest<Request>().headers['content-length'] ?? 0);
    if (length <= limitBytes) return true;
    throw new Problem(413, 'body_too_large', `The body may have at most ${limitBytes} bytes; a notify needs none.`, {
      Connection: 'close',
    });
  }
}
