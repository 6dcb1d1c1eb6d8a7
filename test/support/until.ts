import { setTimeout } from 'node:timers/promises';

/**
 * Looks again and again until `look` answers something other than undefined; what it throws counts as not yet.
 * @throws Error with `what` and the last error, once the time is up
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined> | T | undefined,
  pollMs = 50,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await setTimeout(pollMs);
  }
  throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`, { cause: last });
}
