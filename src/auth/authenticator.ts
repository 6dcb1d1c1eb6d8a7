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

  /** At once when the token is a static one and no file has to be looked at. */
  authenticate(token: string): Authentication | Promise<Authentication> {
    const refreshed = this.staticTokens.refresh();
    return refreshed ? refreshed.then(() => this.decide(token)) : this.decide(token);
  }

  private decide(token: string): Authentication | Promise<Authentication> {
    const found = this.staticTokens.authenticate(token);
    return 'identity' in found ? found : this.decideSlowly(token);
  }

  /** A token that is not known may be one that was written into its file a moment ago. */
  private async decideSlowly(token: string): Promise<Authentication> {
    const identity = await this.identityTokens.authenticate(token);
    if (identity) return identity;
    await this.staticTokens.look();
    return this.staticTokens.authenticate(token);
  }
}
