import { limited } from './deadline.js';

const defaultTimeoutMs = 5000;

/** Node has four threads for files and names of hosts. Calls to files take at most two, so that a mount that hangs leaves the rest. */
const maxConcurrent = 2;

export interface FileTimeoutOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

let running = 0;
const waiting = new Set<() => void>();
/** Paths whose last call did not come back yet. */
const stuck = new Map<string, number>();

/**
 * Waits for work on a file, but not for ever: a call to a mount that hangs never comes back and cannot be cancelled. As long as
 * it does not, later calls for the same path fail at once.
 * @throws Error `ETIMEDOUT`, also when `signal` is aborted; else what the work throws
 */
export async function withFileTimeout<T>(
  path: string,
  work: () => Promise<T>,
  { timeoutMs = defaultTimeoutMs, signal }: FileTimeoutOptions = {},
): Promise<T> {
  if (stuck.has(path)) throw timedOut(timeoutMs);
  const limit = limited(timeoutMs, signal);
  try {
    await slot(limit.signal, timeoutMs);
    return await orTimeout(path, work(), limit.signal, timeoutMs);
  } finally {
    limit.end();
  }
}

/** Whether calls to files have not come back: Node would wait for them at `process.exit`. */
export function hasStuckFiles(): boolean {
  return stuck.size > 0;
}

async function slot(signal: AbortSignal, timeoutMs: number): Promise<void> {
  while (running >= maxConcurrent) {
    if (signal.aborted) throw timedOut(timeoutMs);
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
  if (signal.aborted) throw timedOut(timeoutMs);
  running += 1;
}

function orTimeout<T>(path: string, work: Promise<T>, signal: AbortSignal, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let isStuck = false;
    const giveUp = (): void => {
      isStuck = true;
      stuck.set(path, (stuck.get(path) ?? 0) + 1);
      reject(timedOut(timeoutMs));
    };
    signal.addEventListener('abort', giveUp, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', giveUp);
      running -= 1;
      const [first] = waiting;
      first?.();
      if (!isStuck) return;
      const left = (stuck.get(path) ?? 1) - 1;
      if (left > 0) stuck.set(path, left);
      else stuck.delete(path);
    });
  });
}

function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`did not answer within ${timeoutMs / 1000} s; is its mount away?`), {
    code: 'ETIMEDOUT',
  });
}
