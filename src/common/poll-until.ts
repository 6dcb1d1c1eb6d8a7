import { setTimeout } from 'node:timers/promises';

export interface PollOptions {
  /** The pause between two calls. */
  intervalMs: number;
  /** When this time is over, the function is called once more. */
  timeoutMs: number;
  /** Ends the wait at once. */
  signal?: AbortSignal;
}

/**
 * Calls a function now and again after each interval, until it answers something other than undefined.
 * @returns what it answered; undefined when the time is over, or the signal is aborted
 * @throws what the function throws
 */
export async function pollUntil<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  { intervalMs, timeoutMs, signal }: PollOptions,
): Promise<T | undefined> {
  const end = performance.now() + timeoutMs;
  let isLast = timeoutMs <= 0;
  while (!signal?.aborted) {
    const found = await ask();
    if (found !== undefined || isLast) return found;
    const leftMs = Math.max(0, end - performance.now());
    isLast = leftMs <= intervalMs;
    await setTimeout(Math.min(intervalMs, leftMs), undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
