import { Injectable } from '@nestjs/common';
import type { Authentication } from './authentication.js';
import { IdentityTokens } from './identity-tokens.js';
import { StaticTokens } from './static-tokens.js';

/** Finds out whose a token is. What it is, its looks do not tell: an identity token is whatever is no static token and looks like a JWT. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly staticTokens: StaticTokens,
    private readonly identityTokens: IdentityTokens,
  ) {}

  /** At once where the token is a static one. */
  authenticate(token: string): Authentication | Promise<Authentication> {
    const found = this.staticTokens.authenticate(token);
    if ('identity' in found) return found;
    return this.identityTokens.authenticate(token).then((identity) => identity ?? found);
  }
}
