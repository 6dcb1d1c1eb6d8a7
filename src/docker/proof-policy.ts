import type { Settings } from '../config/settings.js';
import { parseDurationMs } from '../config/duration.js';
import type { ContainerInspect } from './engine-types.js';
import { labels } from './labels.js';

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
 * The proof that a container's labels ask for, or the one that suits it: health where it has a HEALTHCHECK, else running.
 * @param oldWasUnhealthy a container that was unhealthy before is only asked to run
 * @throws Error on a label that cannot be understood, with its name and rule
 */
export function proofPolicy(
  replacement: Pick<ContainerInspect, 'Config'>,
  settings: Pick<Settings, 'settleTimeMs' | 'proofTimeoutMs'>,
  oldWasUnhealthy = false,
): ProofPolicy {
  const settleMs = durationLabel(replacement, labels.settle) ?? settings.settleTimeMs;
  const mode = modeLabel(replacement) ?? (hasHealthcheck(replacement) && !oldWasUnhealthy ? 'healthy' : 'running');
  const suitable =
    mode === 'healthy'
      ? Math.min(healthTimeoutMs(replacement), settings.proofTimeoutMs)
      : settleMs + leastHealthTimeoutMs;
  return { mode, settleMs, timeoutMs: durationLabel(replacement, labels.timeout) ?? suitable };
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

function modeLabel(container: Pick<ContainerInspect, 'Config'>): ProofPolicy['mode'] | undefined {
  const value = container.Config.Labels?.[labels.proof];
  switch (value) {
    case undefined:
      return undefined;
    case 'healthy':
      if (!hasHealthcheck(container))
        throw new Error(`the label ${labels.proof}=healthy needs a HEALTHCHECK, and the new container has none`);
      return value;
    case 'running':
    case 'none':
      return value;
    default:
      throw new Error(`the label ${labels.proof} must be healthy, running or none, not "${value}"`);
  }
}

function durationLabel({ Config }: Pick<ContainerInspect, 'Config'>, label: string): number | undefined {
  const value = Config.Labels?.[label];
  if (value === undefined) return undefined;
  const ms = parseDurationMs(value);
  if (ms === undefined) throw new Error(`the label ${label} must be a duration such as 30s or 1m30s, not "${value}"`);
  return ms;
}
