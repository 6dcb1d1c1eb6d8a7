import { optionKinds } from '../../config/option-kinds.js';
import type { ContainerRule } from '../../config/policy/policy.schema.js';
import type { Settings } from '../../config/settings.js';
import { readLabels } from '../update/label-values.js';
import { labels } from '../update/labels.js';

/** How a container wants to be updated. */
export interface UpdateOptions {
  /** What proves the replacement; undefined: what suits it (proof-policy.ts). */
  proof?: 'healthy' | 'running' | 'none';
  /** How long a replacement without HEALTHCHECK must run. */
  settleMs: number;
  /** How long the proof may take; undefined: what its HEALTHCHECK needs. */
  timeoutMs?: number;
  /** How long `unhealthy` is not final; undefined: UNHEALTHY_GRACE. */
  unhealthyGraceMs?: number;
  /** How often a replacement may be restarted within its proof. */
  proofRestarts: number;
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
  /** Whether log lines and health output of a replacement that failed are told; undefined: unless they may hold unknown secrets. */
  tellsOutput?: boolean;
  /** The paths of anonymous volumes that the replacement gets anew. */
  renewVolumes: readonly string[];
}

const defaultDrainMs = 10_000;

/** The rules of the policy that have a label of the same meaning. */
type Rules = Pick<
  ContainerRule,
  | 'proof'
  | 'settle'
  | 'timeout'
  | 'unhealthyGrace'
  | 'proofRestarts'
  | 'order'
  | 'onFailure'
  | 'copiedFiles'
  | 'renewVolumes'
  | 'start'
  | 'logTail'
>;

/**
 * How a container wants to be updated: the only place where what is said of it comes together. The policy's rules win over
 * labels, and labels over the settings. Pure.
 * @param texts the labels that count: those that were set on the container
 * @param all its labels, whoever set them: anybody may want its output kept to itself
 * @throws Error if a label cannot be understood, with its name and rule: an update must not guess
 */
export function optionsOf(
  texts: Readonly<Record<string, string>>,
  rules: Rules,
  settings: Pick<Settings, 'settleTimeMs'>,
  all: Readonly<Record<string, string>> = texts,
): UpdateOptions {
  const said = readLabels(texts);
  const options: UpdateOptions = {
    proof: rules.proof ?? said.proof,
    settleMs: rules.settle ?? said.settle ?? settings.settleTimeMs,
    timeoutMs: rules.timeout ?? said.timeout,
    unhealthyGraceMs: rules.unhealthyGrace ?? said.unhealthyGrace,
    proofRestarts: rules.proofRestarts ?? said.proofRestarts ?? 0,
    onFailure: rules.onFailure ?? said.onFailure ?? 'rollback',
    order: rules.order ?? said.order ?? 'stop-first',
    startStopped: rules.start ?? said.start ?? false,
    drainMs: said.drain ?? defaultDrainMs,
    sharesVolumes: said.shareVolumes ?? false,
    tellsOutput: rules.logTail ?? (keepsOutput(all) ? false : said.logTail),
    copiedFiles: rules.copiedFiles ?? said.copiedFiles,
    renewVolumes: rules.renewVolumes ?? said.renewVolumes ?? [],
  };
  if (options.order === 'start-first' && options.onFailure === 'stop') {
    throw new Error(
      `${labels.order}=start-first and ${labels.onFailure}=stop cannot be combined: start-first lets the old container serve on, and stop wants it stopped`,
    );
  }
  return options;
}

/** Whether a label says so. One of an image that nobody understands says nothing. */
function keepsOutput(all: Readonly<Record<string, string>>): boolean {
  return optionKinds.logTail.parse(all[labels.logTail] ?? '') === false;
}
