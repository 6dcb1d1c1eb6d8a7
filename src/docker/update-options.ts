import { parseDurationMs } from '../config/duration.js';
import { parsePaths } from '../config/path-list.js';
import type { ContainerRule } from '../config/policy/policy.schema.js';
import type { Settings } from '../config/settings.js';
import type { ContainerInspect } from './engine-types.js';
import { labels, unknownLabels } from './labels.js';

/** How a container wants to be updated. */
export interface UpdateOptions {
  /** What proves the replacement; undefined: what suits it (proof-policy.ts). */
  proof?: 'healthy' | 'running' | 'none';
  /** How long a replacement without HEALTHCHECK must run. */
  settleMs: number;
  /** How long the proof may take; undefined: what its HEALTHCHECK needs. */
  timeoutMs?: number;
  /** `stop`: a replacement that fails is stopped and kept beside the old container, and nothing is rolled back. */
  onFailure: 'rollback' | 'stop';
  order: 'stop-first' | 'start-first';
  /** Whether a container that does not run is started. */
  startStopped: boolean;
  /** How long the old container of a `start-first` update serves on beside its replacement. */
  drainMs: number;
  /** Whether the two of a `start-first` update may write to the same volumes at once. */
  sharesVolumes: boolean;
  /** The files that were copied into the container when it was made; undefined: those that look as if Compose had. */
  copiedFiles?: 'none' | readonly string[];
  /** The paths of anonymous volumes that the replacement gets anew. */
  renewVolumes: readonly string[];
}

const defaultDrainMs = 10_000;
const longestMs = 24 * 3_600_000;

/** The rules of the policy that have a label of the same meaning. */
const labelOf = {
  proof: labels.proof,
  settle: labels.settle,
  timeout: labels.timeout,
  order: labels.order,
  onFailure: labels.onFailure,
  copiedFiles: labels.copiedFiles,
  renewVolumes: labels.renewVolumes,
  start: labels.start,
} as const;

/**
 * How a container wants to be updated: the only place where what is said of it comes together. The policy's rules win over
 * labels, and labels over the settings.
 * @throws Error on a text that cannot be understood, with its name and rule
 */
export function optionsOf(
  { Config }: Pick<ContainerInspect, 'Config'>,
  rules: Pick<ContainerRule, keyof typeof labelOf>,
  settings: Pick<Settings, 'settleTimeMs'>,
): UpdateOptions {
  const texts = { ...Config.Labels };
  for (const [rule, label] of Object.entries(labelOf)) {
    const text = rules[rule as keyof typeof labelOf];
    if (text !== undefined) texts[label] = String(text);
  }
  return updateOptions(texts, settings);
}

/**
 * Reads options from texts by the names of `labels`. Pure.
 * @throws Error on a text that cannot be understood, with its name and rule: an update must not guess
 */
export function updateOptions(
  texts: Readonly<Record<string, string>>,
  settings: Pick<Settings, 'settleTimeMs'>,
): UpdateOptions {
  const [unknown] = unknownLabels(texts);
  if (unknown !== undefined) {
    throw new Error(`the label ${unknown} is unknown; there are ${Object.values(labels).join(', ')}`);
  }
  const options: UpdateOptions = {
    proof: oneOf(texts, labels.proof, ['healthy', 'running', 'none']),
    settleMs: duration(texts, labels.settle) ?? settings.settleTimeMs,
    timeoutMs: duration(texts, labels.timeout),
    onFailure: oneOf(texts, labels.onFailure, ['rollback', 'stop']) ?? 'rollback',
    order: oneOf(texts, labels.order, ['stop-first', 'start-first']) ?? 'stop-first',
    startStopped: oneOf(texts, labels.start, ['true', 'false']) === 'true',
    drainMs: duration(texts, labels.drain) ?? defaultDrainMs,
    sharesVolumes: oneOf(texts, labels.shareVolumes, ['true', 'false']) === 'true',
    copiedFiles: texts[labels.copiedFiles]?.trim() === 'none' ? 'none' : paths(texts, labels.copiedFiles, 'none, or '),
    renewVolumes: paths(texts, labels.renewVolumes) ?? [],
  };
  if (options.order === 'start-first' && options.onFailure === 'stop') {
    throw new Error(
      `the labels ${labels.order}=start-first and ${labels.onFailure}=stop exclude each other: the one lets the old container serve on, the other wants it stopped`,
    );
  }
  return options;
}

function oneOf<T extends string>(
  texts: Readonly<Record<string, string>>,
  label: string,
  values: readonly T[],
): T | undefined {
  const text = texts[label];
  if (text === undefined) return undefined;
  const value = values.find((each) => each === text.trim().toLowerCase());
  if (value === undefined) throw invalid(label, `${values.slice(0, -1).join(', ')} or ${String(values.at(-1))}`, text);
  return value;
}

/** In milliseconds. */
function duration(texts: Readonly<Record<string, string>>, label: string): number | undefined {
  const text = texts[label];
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text);
  if (ms === undefined || ms > longestMs) throw invalid(label, 'a duration such as 30s or 1m30s, at most 24h', text);
  return ms;
}

function paths(texts: Readonly<Record<string, string>>, label: string, or = ''): string[] | undefined {
  const text = texts[label];
  if (text === undefined) return undefined;
  const parsed = parsePaths(text);
  if (!parsed) throw invalid(label, `${or}absolute paths with commas between them, such as /srv,/etc/app.conf`, text);
  return parsed;
}

function invalid(label: string, rule: string, text: string): Error {
  return new Error(`the label ${label} must be ${rule}, not ${JSON.stringify(text.slice(0, 100))}`);
}
