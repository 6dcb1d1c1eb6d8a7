import type { Response } from 'express';

/** How long a request may be kept waiting: `signal` is aborted once the time is over or the client has hung up. */
export interface Patience {
  readonly signal: AbortSignal;
  /** Lets go of the timer and the listener. */
  end(): void;
}

export function patience(response: Response, timeoutMs: number): Patience {
  const controller = new AbortController();
  const lose = (): void => {
    controller.abort();
  };
  const timer = setTimeout(lose, timeoutMs);
  response.once('close', lose);
  if (response.destroyed) lose();
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      response.removeListener('close', lose);
    },
  };
}
