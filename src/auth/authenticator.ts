import { Injectable } from '@nestjs/common';
import type { Authentication } from './caller.js';
import { IdentityTokens } from './identity-tokens.js';
import { StaticTokens } from './static-tokens.js';

/** Finds out whose a token is: an identity token is whatever is no static token and looks like a JWT. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly staticTokens: StaticTokens,
    private readonly identityTokens: IdentityTokens,
  ) {}

  async authenticate(token: string): Promise<Authentication> {
    await this.staticTokens.refresh();
    const known = this.staticTokens.authenticate(token);
    if ('identity' in known) return known;
    const identity = await this.identityTokens.authenticate(token);
    if (identity) return identity;
    // A token that is not known may be one that was written into its file a moment ago.
    await this.staticTokens.look();
    return this.staticTokens.authenticate(token);
  }
}

/**
 * Takes the token out of a request's raw headers (name, value, name, value …: Node keeps only the first of two
 * Authorization headers in `headers`). Exactly one header, exactly one token; the scheme in any case (RFC 9110 §11.1).
 * Returns undefined where there is none or anything is odd.
 */
export function bearerToken(rawHeaders: readonly string[]): string | undefined {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  );
  if (values.length !== 1) return undefined;
  return /^bearer +([\x21-\x7e]+) *$/i.exec(values[0] ?? '')?.[1];
}
