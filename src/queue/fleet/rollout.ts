import {
  isFinished,
  type Deployment,
  type DeploymentEnd,
  type DeploymentKind,
  type HostPart,
} from '../../deployments/deployment.js';
import type { StoredDeployment } from '../../deployments/redis/redis.deployment-store.js';

/** A deployment of several hosts, and what is known of it. */
export interface Rollout {
  hosts: readonly HostPart[];
  /** How many hosts are worked on at once. */
  parallel: number;
  stopAtFailure: boolean;
}

export interface RolloutStep {
  /** The hosts as they are to be shown now. */
  hosts: HostPart[];
  /** Those whose part is to be begun now. */
  begin: HostPart[];
  /** There once every host is through. */
  end?: DeploymentEnd;
}

/**
 * What comes next in a rollout. Pure, and the same for whoever asks: to ask again is harmless, so that it does not matter which process
 * asks, or whether one died in between.
 * @param partOf the record of a host's part; undefined where it has not been begun
 */
export function nextStep(rollout: Rollout, partOf: (part: HostPart) => Deployment | undefined): RolloutStep {
  const known = rollout.hosts.map((part) => {
    const record = partOf(part);
    return record ? { part: reached(part, record), isBegun: true } : { part, isBegun: isOver(part) };
  });
  const stops = rollout.stopAtFailure && known.some(({ part }) => isOver(part) && part.status !== 'succeeded');
  const begun = known.filter(({ part, isBegun }) => isBegun && !isOver(part)).length;
  const waiting = known.filter(({ isBegun }) => !isBegun).map(({ part }) => part);
  const begin = stops ? [] : waiting.slice(0, Math.max(0, rollout.parallel - begun));
  const hosts = known.map(({ part, isBegun }) => (stops && !isBegun ? notBegun(part) : part));
  return hosts.every(isOver) ? { hosts, begin: [], end: endOf(hosts) } : { hosts, begin };
}

/**
 * Those hosts of whose parts the records have to be known for the next step. They are begun in their order, `parallel` at once, so
 * that those that have been begun and are not over are among the first: of a thousand hosts not a thousand are read each time.
 */
export function atWork({ hosts, parallel }: Pick<Rollout, 'hosts' | 'parallel'>): HostPart[] {
  return hosts.filter((part) => !isOver(part)).slice(0, parallel);
}

/**
 * Whether a rollout lets others of its container go on meanwhile: a notify of which each begun part waits to be tried again. A
 * rollback does not: a notify that went on meanwhile would be undone by it. Pure.
 * @param parts its parts that have been begun and are at work
 */
export function rests(kind: DeploymentKind, parts: readonly Pick<StoredDeployment, 'deployment' | 'taken'>[]): boolean {
  const begun = parts.filter(({ deployment }) => deployment.status === 'queued' || deployment.status === 'running');
  if (kind !== 'notify' || begun.length === 0 || begun.length < parts.length) return false;
  return begun.every(
    ({ deployment, taken }) => deployment.status === 'queued' && !taken && deployment.notBefore !== undefined,
  );
}

function isOver({ status }: HostPart): boolean {
  return status !== 'queued' && status !== 'running';
}

function reached({ host, deploymentId }: HostPart, record: Deployment): HostPart {
  const part = { host, deploymentId };
  if (!isFinished(record)) return { ...part, status: record.status };
  if (record.status === 'succeeded') return { ...part, status: record.status, result: record.result };
  const { code, message, stage } = record.error;
  return { ...part, status: record.status, error: { code, message, ...(stage && { stage }) } };
}

function notBegun({ host, deploymentId }: HostPart): HostPart {
  const message = 'another host failed before; nothing was touched here';
  return { host, deploymentId, status: 'dropped', error: { code: 'rollout_stopped', message } };
}

function endOf(hosts: readonly HostPart[]): DeploymentEnd {
  const failed = hosts.flatMap((part) => (part.error ? [part] : []));
  if (failed.length === 0) {
    const wasUpdated = hosts.some(({ result }) => result === 'updated');
    return { status: 'succeeded', result: wasUpdated ? 'updated' : 'up_to_date' };
  }
  const reasons = failed.map(({ host, status, error }) => `${host} ${status} (${error.code})`);
  const message = `${failed.length} of ${hosts.length} hosts did not succeed: ${reasons.join(', ')}`;
  return { status: 'failed', error: { code: 'hosts_failed', message } };
}
