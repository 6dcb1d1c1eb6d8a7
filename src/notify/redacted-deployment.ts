import type { Deployment, DeploymentError } from '../deployments/deployment.js';

const told = [
  ...([
    'id',
    'container',
    'kind',
    'target',
    'status',
    'result',
    'queuedAt',
    'startedAt',
    'finishedAt',
    'stages',
  ] as const),
  ...([
    'expectedDigest',
    'startStopped',
    'attempts',
    'notBefore',
    'coalesced',
    'image',
    'fromImageId',
    'toImageId',
  ] as const),
  ...(['fromDigest', 'digest', 'running', 'downtimeMs', 'service', 'host', 'hosts'] as const),
];
const toldOfError = ['code', 'stage', 'message', 'servedDigest', 'retryAt', 'supersededBy'] as const;

type RedactedError = Pick<DeploymentError, (typeof toldOfError)[number]>;
type Redacted<Of extends Deployment> = Of extends { error: DeploymentError }
  ? Pick<Of, (typeof told)[number]> & { error: RedactedError }
  : Pick<Of, (typeof told)[number]> & { error?: undefined };

/** The part of a record that each caller sees who may ask for the update. */
export type RedactedDeployment = Redacted<Deployment>;

/**
 * The part of a deployment's record for those who may ask for updates and not read deployments: how it ended, why, and which
 * image runs. Not who else asked, nor what the container said, nor what stands beside it. Pure.
 */
export function redacted(deployment: Deployment): RedactedDeployment {
  const { error } = deployment;
  return { ...picked(deployment, told), ...(error && { error: picked(error, toldOfError) }) } as RedactedDeployment;
}

/** The record without what a container that failed left behind: exit code, health output and log lines. Pure. */
export function withoutEvidence<Of extends Deployment>(deployment: Of): Of {
  if (!deployment.error) return deployment;
  const { exitCode: _, healthOutput: __, logTail: ___, ...error } = deployment.error;
  return { ...deployment, error };
}

function picked<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]])) as Pick<
    T,
    K
  >;
}
