import { Inject, Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { Problem } from '../http/problem.js';
import { bearerToken, sameSecret } from './bearer-token.js';
import type { AuthenticatedRequest } from './caller.js';

const challenge = 'Bearer realm="trigger-docker-pull"';

/** Admits requests that bear the secret; all others are answered 401 (RFC 6750 §3) before anything else is looked at. */
@Injectable()
export class BearerGuard implements CanActivate {
  private readonly logger = new Logger('Auth');

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const token = bearerToken(request.rawHeaders);
    const address = request.socket.remoteAddress ?? 'unknown';
    if (token !== undefined && sameSecret(token, this.settings.secretKey)) {
      request.caller = { id: 'secret-key', address };
      return true;
    }
    const wasSent = request.headers.authorization !== undefined;
    this.logger.warn(
      `refused ${request.method} ${request.path}: ${wasSent ? 'wrong or malformed' : 'no'} bearer token`,
      { from: address },
    );
    throw new Problem(
      401,
      'unauthorized',
      'Send exactly one header "Authorization: Bearer <secret>" with the secret of this service.',
      {
        'WWW-Authenticate': wasSent ? `${challenge}, error="invalid_token"` : challenge,
        Connection: 'close',
      },
    );
  }
}
