import type { Settings } from '../../config/settings.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { labels } from '../update/labels.js';
import type { UpdateOptions } from './update-options.js';

/** What a replacement must show before the old container is removed. */
export interface ProofPolicy {
  /** `healthy`: its HEALTHCHECK says so; `running`: it runs for the settling time; `none`: its start is enough. */
  mode: 'healthy' | 'running' | 'none';
  settleMs: number;
  timeoutMs: number;
  /** For so long after its start `unhealthy` is not final: some are just slow. */
  unhealthyAfterMs: number;
  /** How often it may be restarted by its restart policy meanwhile. */
  restarts: number;
}

const nsPerMs = 1_000_000;
/** The engine's defaults for a HEALTHCHECK (Dockerfile reference, HEALTHCHECK). */
const healthDefaults = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3 };
const leastHealthTimeoutMs = 60_000;
/** The longest proof that nobody asked for by a label, the policy or PROOF_TIMEOUT. */
const maxUnaskedMs = 60 * 60_000;
/** What the engine takes to begin a probe, and to show its result. */
const verdictShownMs = 5000;

/**
 * The proof that a container's options ask for, or the one that suits it: health where it has a HEALTHCHECK, else running.
 * @param oldWasUnhealthy a container that was unhealthy before is only asked to run
 * @throws Error where they ask for what it cannot show, with name and rule
 */
export function proofPolicy(
  replacement: Pick<ContainerInspect, 'Config'>,
  {
    proof,
    settleMs,
    timeoutMs,
    unhealthyGraceMs,
    proofRestarts,
  }: Pick<UpdateOptions, 'proof' | 'settleMs' | 'timeoutMs' | 'unhealthyGraceMs' | 'proofRestarts'>,
  settings: Pick<Settings, 'proofTimeoutMs' | 'unhealthyGraceMs'>,
  oldWasUnhealthy = false,
): ProofPolicy {
  if (proof === 'healthy' && !hasHealthcheck(replacement))
    throw new Error(`the label ${labels.proof}=healthy needs a HEALTHCHECK, and the new container has none`);
  const mode = proof ?? (hasHealthcheck(replacement) && !oldWasUnhealthy ? 'healthy' : 'running');
  const probes = probesOf(replacement);
  const unhealthyAfterMs = Math.max(unhealthyGraceMs ?? settings.unhealthyGraceMs, probes.startPeriodMs);
  const policy = { mode, settleMs, unhealthyAfterMs, restarts: proofRestarts };
  if (mode !== 'healthy') return { ...policy, timeoutMs: timeoutMs ?? settleMs + leastHealthTimeoutMs };
  // Before the first probe there is nothing to go by, whatever was asked for.
  if (timeoutMs !== undefined) return { ...policy, timeoutMs: Math.max(timeoutMs, probes.intervalMs) };
  const suitableMs = Math.min(probes.allMs, settings.proofTimeoutMs);
  return { ...policy, timeoutMs: Math.max(suitableMs, probes.firstMs, unhealthyGraceMs ?? 0) };
}

/**
 * The proof of an update that is about to begin: as `proofPolicy`.
 * @throws Error also if the proof could hold up all other updates for hours: by its HEALTHCHECK alone an image could
 */
export function proofOfUpdate(
  replacement: Pick<ContainerInspect, 'Config'>,
  options: Parameters<typeof proofPolicy>[1],
  settings: Parameters<typeof proofPolicy>[2],
  oldWasUnhealthy = false,
): ProofPolicy {
  const policy = proofPolicy(replacement, options, settings, oldWasUnhealthy);
  const { mode, timeoutMs } = policy;
  const { timeoutMs: asked = 0, unhealthyGraceMs: grace = 0 } = options;
  if (mode !== 'healthy' || timeoutMs <= Math.max(maxUnaskedMs, settings.proofTimeoutMs, asked, grace)) return policy;
  throw new Error(
    `the HEALTHCHECK of the container may need ${Math.round(timeoutMs / 60_000)} minutes for its first answer, and all other updates would wait. Nothing was touched; give it a shorter interval and start period (together at most ${maxUnaskedMs / 60_000} minutes), or the container the label ${labels.proof}=running`,
  );
}

function hasHealthcheck({ Config }: Pick<ContainerInspect, 'Config'>): boolean {
  const test = Config.Healthcheck?.Test ?? [];
  return test.length > 0 && test[0] !== 'NONE';
}

interface Probes {
  startPeriodMs: number;
  intervalMs: number;
  /** Until the first verdict must be there: start period + interval + timeout, and a little more. */
  firstMs: number;
  /** Start period + (interval + timeout) × (retries + 1): when even a slow start must have shown its colours. */
  allMs: number;
}

function probesOf({ Config }: Pick<ContainerInspect, 'Config'>): Probes {
  const { Interval, Timeout, StartPeriod, Retries } = Config.Healthcheck ?? {};
  const startPeriodMs = (StartPeriod ?? 0) / nsPerMs;
  const intervalMs = Interval ? Interval / nsPerMs : healthDefaults.intervalMs;
  const eachMs = intervalMs + (Timeout ? Timeout / nsPerMs : healthDefaults.timeoutMs);
  const retries = Retries === undefined || Retries === 0 ? healthDefaults.retries : Retries;
  return {
    startPeriodMs,
    intervalMs,
    firstMs: startPeriodMs + eachMs + verdictShownMs,
    allMs: Math.max(leastHealthTimeoutMs, startPeriodMs + eachMs * (retries + 1)),
  };
}
