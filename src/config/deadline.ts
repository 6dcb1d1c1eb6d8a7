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
