/** What a route does; a group of its own where that brings problems of its own. */
export type ProblemGroup =
  'any' | 'credentials' | 'records' | 'query' | 'container' | 'dry run' | 'deployment' | 'cancel' | 'events' | 'wait';

/** An answer that is a problem: its `status`, its stable `code`, when it is given, and by which routes. */
export interface ProblemRow {
  status: number;
  code: string;
  when: string;
  /** Empty: only where no operation of the interface is asked for. */
  on: readonly ProblemGroup[];
}

/** All problems that the service answers requests with, except the codes of deployments that failed. */
export const problemTable: readonly ProblemRow[] = [
  { status: 400, code: 'bad_request', when: 'the request is malformed, or has two Host headers', on: ['any'] },
  { status: 400, code: 'invalid_query', when: 'a parameter is unknown or wrong', on: ['query'] },
  { status: 400, code: 'invalid_container_name', when: 'this is no name of a container', on: ['container'] },
  { status: 400, code: 'broken_body', when: 'the body is malformed, or broke off', on: ['container'] },
  { status: 401, code: 'unauthorized', when: 'the token is missing, invalid or expired', on: ['credentials'] },
  { status: 403, code: 'insufficient_scope', when: 'the token may not do this', on: ['credentials'] },
  {
    status: 404,
    code: 'unknown_deployment',
    when: 'unknown, lost at a restart, or not for this caller',
    on: ['deployment'],
  },
  { status: 404, code: 'not_found', when: 'there is nothing at this path', on: [] },
  { status: 405, code: 'method_not_allowed', when: 'the path has other methods, see Allow', on: [] },
  { status: 408, code: 'body_timeout', when: 'the body did not come within 10 s', on: ['container'] },
  {
    status: 409,
    code: 'ambiguous_container',
    when: 'hosts of a fleet have different things under that name; say which with `host`',
    on: ['container'],
  },
  { status: 409, code: 'already_running', when: 'the deployment runs', on: ['cancel'] },
  { status: 409, code: 'already_finished', when: 'the deployment has ended', on: ['cancel'] },
  { status: 413, code: 'body_too_large', when: 'the body is larger than 1 MiB', on: ['container'] },
  { status: 414, code: 'path_too_long', when: 'the address is longer than 2,048 characters', on: ['any'] },
  {
    status: 429,
    code: 'too_many_failures',
    when: 'too many failed authentications came from this address; a valid token always passes',
    on: ['credentials'],
  },
  {
    status: 431,
    code: 'too_many_headers',
    when: 'the request has more than 100 headers, or headers of more than 16 KiB (without a document)',
    on: ['any'],
  },
  { status: 500, code: 'internal_error', when: 'a bug; the log of the service says more', on: ['any'] },
  { status: 501, code: 'no_engine', when: 'a dry run was asked of an instance without an engine', on: ['dry run'] },
  { status: 503, code: 'issuer_unavailable', when: 'the keys for identity tokens cannot be had', on: ['credentials'] },
  { status: 503, code: 'too_many_connections', when: 'callers have too many requests open', on: ['credentials'] },
  { status: 503, code: 'redis_unavailable', when: 'Redis does not answer', on: ['records'] },
  { status: 503, code: 'frozen', when: 'the policy freezes updates', on: ['container'] },
  { status: 503, code: 'stopping', when: 'the service stops', on: ['container'] },
  { status: 503, code: 'queue_full', when: 'the queue, or the share of this caller, is full', on: ['container'] },
  {
    status: 503,
    code: 'too_many_dry_runs',
    when: 'too many dry runs go on, of all callers or of this one',
    on: ['dry run'],
  },
  { status: 503, code: 'engine_unreachable', when: 'the engine cannot be reached for a dry run', on: ['dry run'] },
  { status: 503, code: 'engine_timeout', when: 'the engine is too slow for a dry run', on: ['dry run'] },
  { status: 503, code: 'engine_error', when: 'the engine answered a dry run with an error', on: ['dry run'] },
  { status: 503, code: 'too_many_streams', when: 'too many clients follow deployments', on: ['events'] },
  { status: 504, code: 'still_running', when: 'the time is over; the outcome will be at Location', on: ['wait'] },
];

/** What a route in these groups is answered with beside success, by status: a sentence for each code. */
export function problemsOf(...groups: readonly ProblemGroup[]): Map<number, string> {
  const all = new Map<number, string>();
  for (const { status, code, when, on } of problemTable) {
    if (!on.some((group) => groups.includes(group))) continue;
    all.set(status, `${all.has(status) ? `${all.get(status) ?? ''} ` : ''}\`${code}\`: ${when}.`);
  }
  return all;
}
