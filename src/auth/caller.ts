import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { matchesAny } from '../common/name-glob.js';
import type { Action } from '../config/policy/policy.schema.js';

/** Actions and the containers that they are for, as names or globs. */
export interface Grant {
  readonly containers: readonly string[];
  readonly actions: readonly Action[];
}

/** Whose pipeline it is, as the issuer of its token says. */
export interface PipelineIdentity {
  readonly issuer: string;
  readonly subject?: string;
  readonly repository?: string;
  readonly run?: string;
}

/** Who sent a request: which credential it showed, never the credential itself, from where, and what it may do. */
export interface Caller {
  readonly id: string;
  readonly address: string;
  readonly grants: readonly Grant[];
  /** Whether it may do everything, also what nobody was granted: the holder of SECRET_KEY. */
  readonly isUnrestricted: boolean;
  readonly pipeline?: PipelineIdentity;
  /** Whose the credential is by now, and what it grants; undefined once it is no longer valid. */
  readonly renew?: () => Identity | undefined;
}

/** Who a credential belongs to, before it is known where the request came from. */
export type Identity = Omit<Caller, 'address'>;

export type AuthenticatedRequest = Request & { caller?: Caller };

/** What came of a token: whose it is, or why it is refused. The reason is fit for the caller and for logs. */
export type Authentication =
  | { identity: Identity }
  | { refused: string }
  /** It cannot be told at the moment: the issuer's keys cannot be had. */
  | { unavailable: string };

/** Whether a caller may do a thing with a container; without a container, whether it may do it with any at all. */
export function may({ grants, isUnrestricted }: Identity, action: Action, container?: string): boolean {
  if (isUnrestricted) return true;
  return grants.some(
    (grant) => grant.actions.includes(action) && (container === undefined || matchesAny(grant.containers, container)),
  );
}

/** The containers that a caller may do a thing with, as names and globs. */
export function containersFor({ grants, isUnrestricted }: Identity, action: Action): string[] {
  if (isUnrestricted) return ['*'];
  return grants.filter(({ actions }) => actions.includes(action)).flatMap(({ containers }) => containers);
}

/**
 * Whose share of what is limited a caller uses: a token's, or that of a repository's pipelines, whichever run it is. Not
 * fit for answers.
 */
export function accountOf({ id, pipeline }: Pick<Identity, 'id' | 'pipeline'>): string {
  return pipeline ? `${pipeline.issuer} ${pipeline.repository ?? pipeline.subject ?? ''}` : id;
}

/** The caller that BearerGuard has admitted. */
function callerOf({ caller }: AuthenticatedRequest): Caller {
  if (!caller) throw new Error('a public route has no caller');
  return caller;
}

/** The same, as a parameter. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<AuthenticatedRequest>()),
);
