import { backoffMs } from '../common/backoff.js';
import type { Settings } from '../config/settings.js';
import type { Deployment } from '../deployments/deployment.js';

const delays = { firstMs: 1000, maxMs: 30_000 };

/**
 * How long a deployment that came to nothing waits before it is tried again: 1 s, 2 s, 4 s … 30 s. With a digest that
 * the registry does not serve yet the time since the first try decides, with its last try at the very end; otherwise
 * the number of tries. Never before the registry's own time, where it said one.
 * @param deployment as it was begun for this try
 * @param now epoch milliseconds
 * @param retryAt when the registry wants to be asked again at the earliest, ISO 8601
 * @param atLeastMs what it has to wait at least, also where that is longer; never past its last try
 * @returns undefined where it is not tried again
 */
export function retryDelayMs(
  { attempts, startedAt, queuedAt, expectedDigest }: Deployment,
  settings: Pick<Settings, 'digestTimeoutMs' | 'pullRetries'>,
  now: number,
  retryAt?: string,
  atLeastMs = 0,
): number | undefined {
  const askedMs = retryAt === undefined ? 0 : Date.parse(retryAt) - now;
  const delayMs = Math.max(backoffMs(attempts, delays), askedMs, atLeastMs);
  if (expectedDigest === undefined) return attempts <= settings.pullRetries ? delayMs : undefined;
  const leftMs = Date.parse(startedAt ?? queuedAt) + settings.digestTimeoutMs - now;
  return leftMs > 0 && leftMs >= askedMs ? Math.min(delayMs, leftMs) : undefined;
}
