import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** Who sent a request: which credential it showed, never the credential itself, and from where. */
export interface Caller {
  id: string;
  address: string;
}

export type AuthenticatedRequest = Request & { caller: Caller };

/** The caller that BearerGuard has admitted. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller => context.switchToHttp().getRequest<AuthenticatedRequest>().caller,
);
