import { withTimeout } from '../common/with-timeout.js';
import { Problem } from '../http/problem.js';

const retryAfterSeconds = 5;

/** Redis did not answer, or answered with an error: whether it did what it was asked is not known. A request is answered 503. */
export class RedisUnavailable extends Problem {
  override readonly name = 'RedisUnavailable';

  constructor(cause: unknown) {
    const reason = reasonOf(cause);
    super(503, 'redis_unavailable', `Redis cannot be used for the moment: ${reason}. Ask again in a moment.`, {
      'Retry-After': String(retryAfterSeconds),
    });
    this.cause = cause;
  }
}

/** What Redis says where it is there and refuses to write, by the first word of its error; with what to do about it. */
const refusals: Record<string, string> = {
  OOM: 'it is full (OOM): raise its maxmemory, or free some',
  READONLY: 'it is a read-only replica (READONLY)',
  MISCONF: 'it cannot write to its disk (MISCONF)',
  LOADING: 'it is still loading its data (LOADING)',
  NOPERM: 'its user may not do what is needed (NOPERM)',
  WRONGTYPE: 'a key of this service holds something else (WRONGTYPE)',
};

/** Why a Redis that answers cannot be used; undefined where it does not answer. Tells nothing that only a caller with credentials may know. */
export function refusalOf(error: unknown): string | undefined {
  const { message } = (error instanceof RedisUnavailable ? error.cause : error) as Error;
  // Within a script, Redis 6 puts other words before it.
  const [code = ''] = /\b(?:OOM|READONLY|MISCONF|LOADING|NOPERM|WRONGTYPE)\b/.exec(message) ?? [];
  return refusals[code];
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return refusalOf(cause) ?? cause.message;
}

/** Waits as long as it takes. @throws RedisUnavailable for whatever goes wrong */
export async function refused<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof RedisUnavailable ? error : new RedisUnavailable(error);
  }
}

/** @throws RedisUnavailable for whatever goes wrong, and where there is no answer within `timeoutMs` */
export function answered<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return refused(withTimeout(work, timeoutMs, () => new Error(`no answer within ${timeoutMs / 1000} s`)));
}
