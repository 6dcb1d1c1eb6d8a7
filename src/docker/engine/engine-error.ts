/** The engine answered a call with an error. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly call: string,
    readonly statusCode: number,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`the engine answered ${call} with ${statusCode}: ${detail}`, options);
  }
}

/** A call did not reach the engine, or its answer did not come back: whether the engine did it is not known. */
export class EngineUnreachable extends Error {
  override readonly name = 'EngineUnreachable';
}

/** The engine did not answer a call within its deadline: whether it did it is not known. */
export class EngineTimeout extends Error {
  override readonly name = 'EngineTimeout';
}

/** Whether a failure, or what caused it, is that the engine did not answer: then it may be tried again. */
export function isEngineAway(error: unknown): boolean {
  if (error instanceof EngineUnreachable || error instanceof EngineTimeout) return true;
  return error instanceof Error && error.cause !== undefined && isEngineAway(error.cause);
}

/** Whether a failure, or what caused it, is that a call did not reach the engine. */
export function isEngineUnreachable(error: unknown): boolean {
  if (error instanceof EngineUnreachable) return true;
  return error instanceof Error && error.cause !== undefined && isEngineUnreachable(error.cause);
}

export function hasStatus(error: unknown, ...statusCodes: number[]): boolean {
  return error instanceof EngineError && statusCodes.includes(error.statusCode);
}
