import { Injectable, Logger } from '@nestjs/common';
import type { JWTPayload } from 'jose';
import { isDeepStrictEqual } from 'node:util';
import { parseDurationMs } from '../common/duration.js';
import { PolicyFile } from '../config/policy/policy-file.js';
import type { IssuerPolicy } from '../config/policy/policy.schema.js';
import { WindowCounter } from '../http/window-counter.js';
import type { Authentication, Identity } from './caller.js';
import { claimsMatch, nameOfPipeline, pipelineOf } from './claims.js';
import { IssuerKeys, IssuerUnavailable } from './issuer-keys.js';

/** Three parts of base64url, the first of which begins as JSON objects do; no issuer makes longer ones. */
const looksLikeJwt = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/;
const longestToken = 8192;

/** What the library's errors mean, by their codes. */
const reasons: Record<string, string> = {
  ERR_JWT_EXPIRED: 'the identity token has expired, or is older than the policy allows',
  ERR_JOSE_ALG_NOT_ALLOWED: 'the identity token is not signed by an algorithm that the policy allows',
  ERR_JWKS_NO_MATCHING_KEY: 'the identity token is signed with a key that its issuer does not have',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'the signature of the identity token is wrong',
};

/**
 * Tokens of CI services (OpenID Connect ID tokens). The issuer that a token claims only selects one that the policy names;
 * nothing is ever fetched for another one. The same token may be shown again, to poll or to try again.
 */
@Injectable()
export class IdentityTokens {
  private readonly logger = new Logger('Auth');
  /** By what the keys depend on, so that they outlive a new version of the policy. */
  private readonly keys = new Map<string, IssuerKeys>();
  private readonly unavailable = new WindowCounter();

  constructor(private readonly policy: PolicyFile) {}

  /** Undefined where the token is none of an issuer that the policy names. */
  async authenticate(token: string): Promise<Authentication | undefined> {
    const { oidc } = this.policy.current();
    if (oidc.length === 0 || token.length > longestToken || !looksLikeJwt.test(token)) return undefined;
    // Loaded by those alone who use it.
    const jose = await import('jose');
    const issuer = oidc.find(({ issuer: name }) => name === claimedIssuer(token, jose.decodeJwt));
    if (!issuer) return { refused: 'the identity token is of an issuer that the policy does not name' };
    this.forgetOthers(oidc);
    try {
      const { payload } = await jose.jwtVerify(token, await this.keysOf(issuer, jose).get(), {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms: issuer.algorithms,
        clockTolerance: secondsOf(issuer.clockTolerance),
        maxTokenAge: secondsOf(issuer.maxAge),
        requiredClaims: ['exp', 'iat'],
      });
      return { identity: this.identify(issuer, payload) };
    } catch (error) {
      if (error instanceof IssuerUnavailable) {
        this.reportUnavailable(issuer.issuer, error.message);
        return { unavailable: `the keys of ${issuer.issuer} cannot be had at the moment` };
      }
      return { refused: reasonOf(error) };
    }
  }

  /** Its signature has been checked once and for all; its time, and what the policy makes of it, are looked at anew. */
  private identify(issuer: IssuerPolicy, payload: JWTPayload): Identity {
    const renew = (): Identity | undefined => {
      const present = this.policy.current().oidc.find(({ issuer: name }) => name === issuer.issuer);
      return present && isCheckedAlike(present, issuer) && !isOver(payload, present, Date.now() / 1000)
        ? this.identify(present, payload)
        : undefined;
    };
    return { ...identityOf(issuer, payload), renew };
  }

  /** Anybody can show something that looks like a token of it: one line a minute is enough. */
  private reportUnavailable(issuer: string, reason: string): void {
    if (this.unavailable.add(issuer).count > 1) return;
    this.logger.error(`identity tokens of ${issuer} cannot be checked: ${reason}`);
  }

  private keysOf(issuer: IssuerPolicy, jose: typeof import('jose')): IssuerKeys {
    const name = nameOfKeys(issuer);
    const keys = this.keys.get(name) ?? new IssuerKeys(jose, issuer);
    this.keys.set(name, keys);
    return keys;
  }

  private forgetOthers(present: IssuerPolicy[]): void {
    const names = new Set(present.map(nameOfKeys));
    for (const name of this.keys.keys()) if (!names.has(name)) this.keys.delete(name);
  }
}

/** Whether the policy still asks of a token what it asked when that was checked. */
function isCheckedAlike(one: IssuerPolicy, other: IssuerPolicy): boolean {
  return (
    nameOfKeys(one) === nameOfKeys(other) &&
    isDeepStrictEqual([one.audience, one.algorithms], [other.audience, other.algorithms])
  );
}

/** @param now seconds since the epoch */
function isOver({ exp = 0, iat = 0 }: JWTPayload, { clockTolerance, maxAge }: IssuerPolicy, now: number): boolean {
  return Math.min(exp, iat + secondsOf(maxAge)) + secondsOf(clockTolerance) <= now;
}

function nameOfKeys({ issuer, jwksUri, keys }: IssuerPolicy): string {
  return JSON.stringify([issuer, jwksUri, keys]);
}

function claimedIssuer(token: string, decode: (token: string) => JWTPayload): string | undefined {
  try {
    return decode(token).iss;
  } catch {
    return undefined;
  }
}

/** Each rule that matches adds what it grants; where none does, the caller is known and may do nothing. */
function identityOf({ issuer, rules }: IssuerPolicy, claims: JWTPayload): Identity {
  const pipeline = pipelineOf(issuer, claims);
  return {
    id: nameOfPipeline(pipeline),
    grants: rules.filter((rule) => claimsMatch(rule.claims, claims)),
    isUnrestricted: false,
    pipeline,
  };
}

function reasonOf(error: unknown): string {
  const { code = '', claim } = error as { code?: string; claim?: string };
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED')
    return `the identity token is refused: its claim ${String(claim)} is missing, or not what the policy asks for`;
  return reasons[code] ?? 'the identity token is malformed';
}

function secondsOf(duration: string): number {
  return (parseDurationMs(duration) ?? 0) / 1000;
}
