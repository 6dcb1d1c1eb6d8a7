import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Authenticator } from './authenticator.js';
import { BearerGuard } from './bearer.guard.js';
import { CredentialWatch } from './credential-watch.service.js';
import { FailureThrottle } from './failure-throttle.js';
import { IdentityTokens } from './identity-tokens.js';
import { StaticTokens } from './static-tokens.js';

/** Puts BearerGuard before every route of the application. */
@Module({
  providers: [
    Authenticator,
    CredentialWatch,
    FailureThrottle,
    IdentityTokens,
    StaticTokens,
    { provide: APP_GUARD, useClass: BearerGuard },
  ],
  exports: [CredentialWatch],
})
export class AuthModule {}
