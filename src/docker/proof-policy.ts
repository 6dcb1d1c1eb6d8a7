import type { Settings } from '../config/settings.js';
import type { ContainerInspect } from './engine-types.js';
import { labels } from './labels.js';
import type { UpdateOptions } from './update-options.js';

/** What a replacement must show before the old container is removed. */
export interface ProofPolicy {
  /** `healthy`: its HEALTHCHECK says so; `running`: it runs for the settling time; `none`: its start is enough. */
  mode: 'healthy' | 'running' | 'none';
  settleMs: number;
  timeoutMs: number;
}

const nsPerMs = 1_000_000;
/** The engine's defaults for a HEALTHCHECK (Dockerfile reference, HEALTHCHECK). */
const healthDefaults = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3 };
const leastHealthTimeoutMs = 60_000;

/**
 * The proof that a container's options ask for, or the one that suits it: health where it has a HEALTHCHECK, else running.
 * @param oldWasUnhealthy a container that was unhealthy before is only asked to run
 * @throws Error where they ask for what it cannot show, with name and rule
 */
export function proofPolicy(
  replacement: Pick<ContainerInspect, 'Config'>,
  { proof, settleMs, timeoutMs }: Pick<UpdateOptions, 'proof' | 'settleMs' | 'timeoutMs'>,
  { proofTimeoutMs }: Pick<Settings, 'proofTimeoutMs'>,
  oldWasUnhealthy = false,
): ProofPolicy {
  if (proof === 'healthy' && !hasHealthcheck(replacement))
    throw new Error(`the label ${labels.proof}=healthy needs a HEALTHCHECK, and the new container has none`);
  const mode = proof ?? (hasHealthcheck(replacement) && !oldWasUnhealthy ? 'healthy' : 'running');
  const suitableMs =
    mode === 'healthy' ? Math.min(healthTimeoutMs(replacement), proofTimeoutMs) : settleMs + leastHealthTimeoutMs;
  return { mode, settleMs, timeoutMs: timeoutMs ?? suitableMs };
}

function hasHealthcheck({ Config }: Pick<ContainerInspect, 'Config'>): boolean {
  const test = Config.Healthcheck?.Test ?? [];
  return test.length > 0 && test[0] !== 'NONE';
}

/** Start period + (interval + timeout) × (retries + 1): when even a slow start must have shown its colours. */
function healthTimeoutMs({ Config }: Pick<ContainerInspect, 'Config'>): number {
  const { Interval, Timeout, StartPeriod, Retries } = Config.Healthcheck ?? {};
  const intervalMs = Interval ? Interval / nsPerMs : healthDefaults.intervalMs;
  const timeoutMs = Timeout ? Timeout / nsPerMs : healthDefaults.timeoutMs;
  const retries = Retries === undefined || Retries === 0 ? healthDefaults.retries : Retries;
  return Math.max(leastHealthTimeoutMs, (StartPeriod ?? 0) / nsPerMs + (intervalMs + timeoutMs) * (retries + 1));
}
