import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { peerAddress } from '../http/client-address.js';
import { holdConnection } from '../http/connection-limit.js';
import { shortened } from '../http/request-limits.js';
import { Problem, unavailable } from '../http/problem.js';
import type { RequestFacts } from '../http/request-log.js';
import { isRound } from '../http/window-counter.js';
import { accessKey, type Access } from './access.decorators.js';
import { AuditLog } from './audit-log.service.js';
import { Authenticator, bearerToken } from './authenticator.js';
import { accountOf, may, type AuthenticatedRequest, type Authentication, type Caller } from './caller.js';
import type { Action } from '../config/policy/policy.schema.js';
import { FailureThrottle } from './failure-throttle.js';
import { challenge, insufficientScope } from './insufficient-scope.js';

/**
 * Stands before every route (RFC 6750): 401 where the credential is missing or no good, 403 where it does not reach so far,
 * before anything else is looked at. Deny by default: a route that does not say whom it is for is for the holder of
 * SECRET_KEY alone. Every decision is one line of the audit log, unless there is a flood of them.
 */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly throttle: FailureThrottle,
    private readonly audit: AuditLog,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'public') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<AuthenticatedRequest>();
    const response = http.getResponse<Response<unknown, RequestFacts>>();
    const token = bearerToken(request.rawHeaders);
    const found = token === undefined ? withoutToken(request) : await this.authenticator.authenticate(token);
    this.admit(request, response, access, found);
    return true;
  }

  /** @throws Problem where the caller is nobody who may do what is asked */
  private admit(
    request: AuthenticatedRequest,
    response: Response<unknown, RequestFacts>,
    access: Access | undefined,
    authentication: Authentication,
  ): void {
    const { locals: facts } = response;
    const { from } = facts;
    const { method } = request;
    const path = shortened(request.path);
    if (!('identity' in authentication)) throw this.refuse(authentication, request, { from, method, path });
    const caller = { address: from, ...authentication.identity };
    const container = containerOf(request);
    const result = reaches(caller, access, container) ? 'allowed' : 'denied';
    const decision = {
      who: caller.id,
      action: nameOf(access),
      container,
      result,
      from,
      method,
      path,
      ...caller.pipeline,
    };
    if (result === 'denied') {
      facts.line = this.audit.denied(caller, `denied: ${caller.id} may not ${describe(access, container)}`, decision);
      throw outOfScope(access, container);
    }
    hold(request, response, caller);
    facts.line = this.audit.allowed(caller, `allowed: ${caller.id} may ${describe(access, container)}`, decision);
    request.caller = caller;
  }

  private refuse(
    found: Exclude<Authentication, { identity: unknown }>,
    request: AuthenticatedRequest,
    facts: { from: string; method: string; path: string },
  ): Problem {
    if ('unavailable' in found) {
      this.audit.undecided(`undecided: ${found.unavailable}`, { ...facts, result: 'undecided' });
      return unavailable('issuer_unavailable', `${found.unavailable}; try again.`, 30);
    }
    const tooMany = this.throttle.fail(facts.from, undefined, peerAddress(request));
    // A flood of bad tokens must not become a flood of lines: the request log has them at debug level.
    if (!tooMany || isRound(tooMany.count)) {
      const count = tooMany && `, failure ${tooMany.count} within a minute`;
      this.audit.refused(`refused: ${found.refused}${count ?? ''}`, { ...facts, result: 'refused' });
    }
    return tooMany ? tooManyFailures(tooMany.retryAfterSeconds) : unauthorized(found.refused, wasSent(request));
  }
}

/** Takes the request's place among those that are open, until it is answered. @throws Problem 503 where there is none */
function hold({ socket }: AuthenticatedRequest, response: Response, caller: Caller): void {
  const release = holdConnection(socket, { account: accountOf(caller), isLimited: !caller.isUnrestricted });
  if (!release)
    throw unavailable(
      'too_many_connections',
      'This caller, or all of them, have as many requests open as they may; ask again in a moment.',
      5,
    );
  if (response.destroyed) release();
  else response.once('close', release);
}

function wasSent({ headers }: AuthenticatedRequest): boolean {
  return headers.authorization !== undefined;
}

function withoutToken(request: AuthenticatedRequest): Authentication {
  return { refused: wasSent(request) ? 'the Authorization header is malformed' : 'there is no bearer token' };
}

function reaches(caller: Caller, access: Access | undefined, container: string | undefined): boolean {
  if (access === 'anyone') return true;
  if (access === undefined || access === 'public') return caller.isUnrestricted;
  return access.some((action) => may(caller, action, container));
}

function nameOf(access: Access | undefined): string | undefined {
  return Array.isArray(access) ? access.join(' or ') : (access as string | undefined);
}

function containerOf({ params }: AuthenticatedRequest): string | undefined {
  return typeof params.container === 'string' ? params.container : undefined;
}

function describe(access: Access | undefined, container: string | undefined): string {
  return `${nameOf(access) ?? 'call this'}${container === undefined ? '' : ` ${container}`}`;
}

function unauthorized(reason: string, wasSent: boolean): Problem {
  return new Problem(
    401,
    'unauthorized',
    `Send exactly one header "Authorization: Bearer <token>" with a valid token: ${reason}.`,
    {
      'WWW-Authenticate': wasSent ? `${challenge}, error="invalid_token", error_description="${reason}"` : challenge,
      Connection: 'close',
    },
  );
}

function tooManyFailures(retryAfterSeconds: number): Problem {
  return new Problem(
    429,
    'too_many_failures',
    'Too many failed authentications came from this address; a valid token is still taken.',
    { 'Retry-After': String(retryAfterSeconds), Connection: 'close' },
  );
}

/** The same whether the container exists or not. */
function outOfScope(access: Access | undefined, container: string | undefined): Problem {
  const scopes = Array.isArray(access) ? (access as readonly Action[]) : [];
  return insufficientScope(`it may not ${describe(access, container)}`, scopes);
}
