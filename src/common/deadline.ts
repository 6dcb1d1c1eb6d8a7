/**
 * A signal that aborts after a time, also where nothing but `AbortSignal.any` knows it: up to Node 20 that holds its sources
 * weakly, so that a plain `AbortSignal.timeout` among them may be collected, and never fires. Node keeps one that has a
 * listener until it has fired. It does not keep the process alive.
 */
export function deadline(ms: number): AbortSignal {
  const signal = AbortSignal.timeout(ms);
  signal.addEventListener('abort', () => undefined, { once: true });
  return signal;
}

/** A signal that aborts after a time, or with another signal. `end` lets go of both. */
export interface Limit {
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/** What `AbortSignal.any` makes of a deadline and a signal, at a tenth of its cost: for what is called often, and is over soon. */
export function limited(ms: number, other?: AbortSignal): Limit {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
  };
  const timer = setTimeout(abort, ms);
  timer.unref();
  if (other?.aborted) abort();
  else other?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      other?.removeEventListener('abort', abort);
    },
  };
}
