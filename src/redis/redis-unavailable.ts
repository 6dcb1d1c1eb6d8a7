import { Problem } from '../http/problem.js';

const retryAfterSeconds = 5;

/** Redis did not answer, or answered with an error: whether it did what it was asked is not known. A request is answered 503. */
export class RedisUnavailable extends Problem {
  override readonly name = 'RedisUnavailable';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(503, 'redis_unavailable', `Redis cannot be used for the moment: ${reason}. Ask again in a moment.`, {
      'Retry-After': String(retryAfterSeconds),
    });
    this.cause = cause;
  }
}

/** @throws RedisUnavailable for whatever goes wrong, and where there is no answer within `timeoutMs` */
export async function answered<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw error instanceof RedisUnavailable ? error : new RedisUnavailable(error);
  } finally {
    clearTimeout(timer);
  }
}
