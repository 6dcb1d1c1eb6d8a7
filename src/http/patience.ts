import type { Response } from 'express';

/** How long a request may be kept waiting: `signal` is aborted once the time is over, the client has hung up, or with another signal. */
export interface Patience {
  readonly signal: AbortSignal;
  /** Lets go of the timer and the listeners. */
  end(): void;
}

export function patience(response: Response, timeoutMs: number, other?: AbortSignal): Patience {
  const controller = new AbortController();
  const lose = (): void => {
    controller.abort();
  };
  const timer = setTimeout(lose, timeoutMs);
  response.once('close', lose);
  other?.addEventListener('abort', lose, { once: true });
  if (response.destroyed || other?.aborted) lose();
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      response.removeListener('close', lose);
      other?.removeEventListener('abort', lose);
    },
  };
}
