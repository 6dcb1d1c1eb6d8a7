import { setTimeout } from 'node:timers/promises';

/**
 * Looks again and again until `look` answers something other than undefined; what it throws counts as not yet, and one
 * that hangs is given up with the time.
 * @throws Error with `what` and the last error, once the time is up
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined> | T | undefined,
  pollMs = 50,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  const done = new AbortController();
  // Its timer also keeps the process alive while a look has nothing but sockets, which need not do that.
  const deadline = setTimeout(timeoutMs, undefined, { signal: done.signal }).catch(() => undefined);
  let last: unknown;
  try {
    while (performance.now() < end) {
      try {
        const found = await Promise.race([look(), deadline]);
        if (found !== undefined) return found;
      } catch (error) {
        last = error;
      }
      await setTimeout(pollMs);
    }
  } finally {
    done.abort();
  }
  throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`, { cause: last });
}
