import { randomUUID } from 'node:crypto';

export const unsuccessfulStatuses = ['failed', 'rolled_back', 'dropped'] as const;
export const deploymentStatuses = ['queued', 'running', 'succeeded', ...unsuccessfulStatuses] as const;
export type DeploymentStatus = (typeof deploymentStatuses)[number];

type UnsuccessfulStatus = (typeof unsuccessfulStatuses)[number];

export type DeploymentKind = 'notify' | 'rollback';

/** What a name has to mean, where a caller says so. */
export const targetKinds = ['container', 'service'] as const;
export type TargetKind = (typeof targetKinds)[number];

/** One stage of a deployment; `durationMs` is absent while it goes on. */
export interface DeploymentStage {
  stage: string;
  startedAt: string;
  durationMs?: number;
}

/** The later deployment that overtook another one, and the digest that it is for; none where it goes the other way. */
export interface Winner {
  deploymentId: string;
  digest?: string;
}

/** Why a deployment did not succeed. `code` is stable; `message` is for people. */
export interface DeploymentError {
  code: string;
  stage?: string;
  message: string;
  /** What the registry served instead of the digest that was expected. */
  servedDigest?: string;
  /** When a registry that limits pulls may answer again, where it said so. */
  retryAt?: string;
  supersededBy?: Winner;
  /** What the replacement left behind: its exit code, its last health check's output, its last log lines. */
  exitCode?: number;
  healthOutput?: string;
  logTail?: string[];
  /** The container, or service, that these are of, when that is not the one that the deployment is for. */
  evidenceOf?: string;
}

/** A try that came to nothing, with nothing touched, after which the deployment waits again: the registry may serve the image later. */
export interface DeploymentRetry {
  stage: string;
  code: string;
  message: string;
  /** When it is tried again, at the earliest. */
  notBefore: string;
}

/** What an update found and did; filled in as it becomes known. Image ids and digests are `sha256:<hex>`. */
export interface DeploymentFindings {
  /** The Swarm service that was updated, in place of a container. */
  service?: string;
  image?: string;
  fromImageId?: string;
  toImageId?: string;
  /** The registry's digest of the image before, where the engine knows exactly one; and of the one that was pulled. */
  fromDigest?: string;
  digest?: string;
  containerId?: string;
  /** How much of the image was downloaded, as far as the engine said, in bytes. */
  pulledBytes?: number;
  /** Whether a rollback put the local tag back; false: another container runs the new image from it. */
  tagRestored?: boolean;
  /** How long no container was running under the name, in milliseconds. */
  downtimeMs?: number;
  /** Whether the container runs, told where it was up to date. */
  running?: boolean;
  /** The containers that share its namespaces, or link to it, and were replaced, or put back, with it. */
  dependents?: { name: string; fromContainerId: string; containerId: string }[];
  warnings?: string[];
}

/** What becomes of a deployment on one of several hosts. */
export type HostPart = {
  host: string;
  /** By which the host's own record can be read, once it was begun. */
  deploymentId: string;
} & (
  | { status: 'queued' | 'running'; result?: undefined; error?: undefined }
  | { status: 'succeeded'; result: 'updated' | 'up_to_date'; error?: undefined }
  | { status: UnsuccessfulStatus; result?: undefined; error: Pick<DeploymentError, 'code' | 'stage' | 'message'> }
);

/** What each record has, whatever its status. Times are ISO 8601, UTC. */
interface DeploymentFacts extends DeploymentFindings {
  readonly id: string;
  readonly container: string;
  /** What was asked for: the image that the registry has now, or the one that ran before. */
  readonly kind: DeploymentKind;
  /** What the name has to mean; without it a container comes before a Swarm service. */
  readonly target?: TargetKind;
  /** Whether an image from which an update was rolled back is tried again. */
  readonly retry?: boolean;
  readonly requestedBy: string;
  /** The request that asked for it first, and the trace that it was part of (W3C), as they stand in the log. */
  readonly requestId?: string;
  readonly traceId?: string;
  readonly queuedAt: string;
  /** The registry's digest that the callers expect, `sha256:<64 hex>`; it succeeds only where that is proved to run. */
  readonly expectedDigest?: string;
  /** Whether a container that does not run is started. */
  readonly startStopped?: boolean;
  /** The host that it is for, where there may be several. */
  readonly host?: string;
  /** The deployment of several hosts that this one is a part of. */
  readonly partOf?: string;
  /** Where it is for several hosts: what has become of it on each, in the order in which they are worked on. */
  hosts?: HostPart[];
  /** How many later requests joined this one while it waited, and who sent them: each caller once, the last twenty. */
  coalesced: number;
  coalescedFrom: string[];
  /** How often it was begun. */
  attempts: number;
  /** The stages of the last attempt; what became of earlier ones stands in `retries`. */
  stages: DeploymentStage[];
  /** The last ten attempts that came to nothing, oldest first. */
  retries?: DeploymentRetry[];
}

export interface QueuedDeployment extends DeploymentFacts {
  status: 'queued';
  /** While it waits to be tried again: when, at the earliest. */
  notBefore?: string;
  /** When it was begun for the first time. */
  startedAt?: string;
  finishedAt?: undefined;
  result?: undefined;
  error?: undefined;
}

export interface RunningDeployment extends DeploymentFacts {
  status: 'running';
  notBefore?: undefined;
  startedAt: string;
  finishedAt?: undefined;
  result?: undefined;
  error?: undefined;
}

export interface SucceededDeployment extends DeploymentFacts {
  status: 'succeeded';
  notBefore?: undefined;
  startedAt: string;
  finishedAt: string;
  result: 'updated' | 'up_to_date';
  error?: undefined;
}

export interface UnsuccessfulDeployment extends DeploymentFacts {
  status: UnsuccessfulStatus;
  notBefore?: undefined;
  /** Undefined if it ended before it began. */
  startedAt?: string;
  finishedAt: string;
  result?: undefined;
  error: DeploymentError;
}

export type FinishedDeployment = SucceededDeployment | UnsuccessfulDeployment;

/** The record of the work that one or more notifies of the same container asked for. */
export type Deployment = QueuedDeployment | RunningDeployment | FinishedDeployment;

/** How a deployment ends. */
export type DeploymentEnd = DeploymentFindings &
  ({ status: 'succeeded'; result: 'updated' | 'up_to_date' } | { status: UnsuccessfulStatus; error: DeploymentError });

const callersKept = 20;
const retriesKept = 10;

/** What those who ask may say of a deployment. */
export interface DeploymentWishes {
  kind?: DeploymentKind;
  target?: TargetKind;
  retry?: boolean;
  expectedDigest?: string;
  startStopped?: boolean;
}

export function newDeployment(
  container: string,
  requestedBy: string,
  { kind = 'notify', target, retry, expectedDigest, startStopped }: DeploymentWishes = {},
): QueuedDeployment {
  return {
    id: randomUUID(),
    container,
    kind,
    ...(target && { target }),
    ...(retry && { retry }),
    requestedBy,
    queuedAt: now(),
    ...(expectedDigest && { expectedDigest }),
    ...(startStopped && { startStopped }),
    status: 'queued',
    coalesced: 0,
    coalescedFrom: [],
    attempts: 0,
    stages: [],
  };
}

/** Whether a text can be the id of a deployment (RFC 9562). */
export function isDeploymentId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

export function isFinished(deployment: Deployment): deployment is FinishedDeployment {
  return deployment.status !== 'queued' && deployment.status !== 'running';
}

/** A later request joins a deployment that waits. */
export function coalesce<T extends Deployment>(deployment: T, requestedBy: string): T {
  const others = deployment.coalescedFrom.filter((caller) => caller !== requestedBy);
  return {
    ...deployment,
    coalesced: deployment.coalesced + 1,
    coalescedFrom: [...others, requestedBy].slice(-callersKept),
  };
}

/** @throws Error if it does not wait: a bug, never an input. */
export function start(deployment: Deployment): RunningDeployment {
  if (deployment.status !== 'queued') throw illegal(deployment, 'running');
  const { notBefore: _, ...waiting } = deployment;
  const startedAt = deployment.startedAt ?? now();
  return { ...waiting, status: 'running', startedAt, attempts: deployment.attempts + 1, stages: [] };
}

/** Back to the queue: nothing was touched, and the registry may serve the image later. @throws Error if it does not run: a bug, never an input. */
export function postpone(deployment: Deployment, retry: DeploymentRetry): QueuedDeployment {
  if (deployment.status !== 'running') throw illegal(deployment, 'queued');
  return {
    ...deployment,
    status: 'queued',
    notBefore: retry.notBefore,
    retries: [...(deployment.retries ?? []), retry].slice(-retriesKept),
    stages: closeStage(deployment.stages),
  };
}

export function enterStage<T extends Deployment>(deployment: T, stage: string): T {
  return { ...deployment, stages: [...closeStage(deployment.stages), { stage, startedAt: now() }] };
}

/**
 * One that waits can only fail, because later requests superseded it, or be dropped.
 * @throws Error on a transition that is not legal: a bug, never an input.
 */
export function finish(deployment: Deployment, end: DeploymentEnd): FinishedDeployment {
  const isLegal = deployment.status === 'running' || (deployment.status === 'queued' && isEndOfWaiting(end));
  if (!isLegal) throw illegal(deployment, end.status);
  const { notBefore: _, ...begun } = deployment;
  const ended = { stages: closeStage(deployment.stages), finishedAt: now() };
  if (end.status !== 'succeeded') return { ...begun, ...end, ...ended };
  return { ...begun, ...end, ...ended, startedAt: begun.startedAt ?? ended.finishedAt };
}

function isEndOfWaiting({ status }: DeploymentEnd): boolean {
  return status === 'failed' || status === 'dropped';
}

function illegal({ id, status }: Deployment, to: DeploymentStatus): Error {
  return new Error(`deployment ${id} cannot go from ${status} to ${to}`);
}

function closeStage(stages: DeploymentStage[]): DeploymentStage[] {
  return stages.map((stage) =>
    stage.durationMs === undefined ? { ...stage, durationMs: Date.now() - Date.parse(stage.startedAt) } : stage,
  );
}

function now(): string {
  return new Date().toISOString();
}
