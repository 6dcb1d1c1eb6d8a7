import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditLog } from './audit-log.service.js';
import { Authenticator } from './authenticator.js';
import { BearerGuard } from './bearer.guard.js';
import { CredentialWatch } from './credential-watch.service.js';
import { FailureThrottle } from './failure-throttle.js';
import { IdentityTokens } from './identity-tokens.js';
import { StaticTokens } from './static-tokens.js';

/** Puts BearerGuard before every route of the application. */
@Module({
  providers: [
    AuditLog,
    Authenticator,
    CredentialWatch,
    FailureThrottle,
    IdentityTokens,
    StaticTokens,
    { provide: APP_GUARD, useClass: BearerGuard },
  ],
  exports: [AuditLog, CredentialWatch],
})
export class AuthModule {}
