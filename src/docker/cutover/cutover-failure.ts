import type { ContainerInspect } from '../engine/engine-types.js';
import { hasRun } from '../engine/container.js';
import { isImagesFault } from '../images/rejected-image.js';
import { failureOf } from '../report/failure.js';
import type { UpdateOptions } from '../rules/update-options.js';
import { labels } from '../update/labels.js';
import { UpdateError, type FailureDetails } from '../update/outcome.js';
import type { Pair } from '../update/pair.js';
import type { RunningUpdate } from '../update/running-update.js';
import type { Kept } from './keep-both.js';
import type { Member, Members } from './member.js';
import { ProofLapsed } from './proved.js';

/** Why a cutover failed. */
export interface CutoverFailure {
  /** What the record says, but for the evidence. */
  error: FailureDetails;
  /** The status if the old containers run again. */
  status: 'dropped' | 'rolled_back';
  /** The member whose replacement failed; the target if nobody knows. */
  member: Member;
  /** Its name if it is a dependent. */
  dependent?: string;
  /** Whether the image is to blame, so that it is not tried again. */
  blamesImage: boolean;
}

/** Tells whose replacement failed and why. Pure. */
export function cutoverFailure(members: Members, cause: unknown, update: RunningUpdate): CutoverFailure {
  const [target] = members;
  const failed = members.find(({ pair }) => cause instanceof UpdateError && pair.newId === cause.containerId);
  const dependent = failed && failed !== target ? failed.pair.name : undefined;
  const { status, error } = failureOf(cause, update);
  const isFromOutside = cause instanceof ProofLapsed && cause.isFromOutside;
  return {
    error:
      dependent === undefined
        ? error
        : { ...error, message: `${dependent}, which depends on ${target.pair.name}: ${error.message}` },
    status: status === 'dropped' ? 'dropped' : 'rolled_back',
    member: failed ?? target,
    ...(dependent !== undefined && { dependent }),
    blamesImage: update.kind === 'update' && !isFromOutside && isImagesFault(error),
  };
}

/**
 * Whether both containers are kept instead of a rollback, as `on-failure=stop` asks. What never ran has touched no data.
 * @param replacement the target's; undefined if it is gone
 */
export function keepsBoth({ onFailure }: UpdateOptions, replacement: ContainerInspect | undefined): boolean {
  return onFailure === 'stop' && replacement !== undefined && hasRun(replacement);
}

/** What the record says if both are kept. */
export function keptStopped(
  { restartPolicy }: Pair,
  { old, replacement }: Kept,
  error: FailureDetails,
): FailureDetails {
  const policy =
    restartPolicy.Name && restartPolicy.Name !== 'no' ? ` Its restart policy was ${restartPolicy.Name}.` : '';
  const message = `${error.message}; as ${labels.onFailure}=stop asks, nothing was rolled back: ${replacement === undefined ? 'the new container was removed by somebody' : `the new container was stopped and keeps the name ${replacement}`}, ${old === undefined ? 'the old one was removed by somebody' : `the old one is stopped too and is kept as ${old}`}.${policy} See docs/operating.md for the way on and the way back`;
  return { ...error, code: 'kept_stopped', message };
}
