import type { Settings } from '../config/settings.js';
import type { Deployment } from '../deployments/deployment.js';

const firstDelayMs = 1000;
const longestDelayMs = 30_000;

/**
 * How long a deployment that came to nothing waits before it is tried again: 1 s, 2 s, 4 s … 30 s. With a digest that
 * the registry does not serve yet the time since the first try decides, with its last try at the very end; otherwise
 * the number of tries.
 * @param deployment as it was begun for this try
 * @param now epoch milliseconds
 * @returns undefined where it is not tried again
 */
export function retryDelayMs(
  { attempts, startedAt, queuedAt, expectedDigest }: Deployment,
  settings: Pick<Settings, 'digestTimeoutMs' | 'pullRetries'>,
  now: number,
): number | undefined {
  const delayMs = Math.min(firstDelayMs * 2 ** (attempts - 1), longestDelayMs);
  if (expectedDigest === undefined) return attempts <= settings.pullRetries ? delayMs : undefined;
  const leftMs = Date.parse(startedAt ?? queuedAt) + settings.digestTimeoutMs - now;
  return leftMs > 0 ? Math.min(delayMs, leftMs) : undefined;
}
