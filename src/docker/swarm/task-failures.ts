import type { FailureCode } from '../update/outcome.js';
import type { Task } from '../engine/swarm-types.js';

/** Errors that are told apart; more would say no more. */
const errorsTold = 3;

export interface TaskFailure {
  code: Extract<FailureCode, 'exited' | 'unhealthy' | 'start_failed'>;
  /** What the tasks that failed say, or those that do not start: each text once. */
  errors: string[];
  /** The one whose log is worth a look; undefined where none has come so far as to fail. */
  witness?: Task;
}

/**
 * What is known of the tasks that were to run an image and do not. Pure.
 * @param said what Swarm says of the update, which may name the task that ended it
 */
export function taskFailure(tasks: readonly Task[], image: string, said = ''): TaskFailure {
  const ours = tasks.filter(({ Spec }) => Spec.ContainerSpec?.Image === image);
  const newestFirst = ours
    .filter(({ Status }) => Status.Err !== undefined || hasFailed(Status.State))
    .toSorted((a, b) => Date.parse(b.Status.Timestamp ?? '') - Date.parse(a.Status.Timestamp ?? ''));
  const failed = newestFirst.filter(({ Status }) => hasFailed(Status.State));
  const witness = failed.find(({ ID }) => said.includes(ID)) ?? failed[0];
  const telling = witness ? [witness, ...newestFirst] : newestFirst;
  const errors = [...new Set(telling.map(({ Status }) => Status.Err ?? `the task is ${Status.State}`))];
  return { code: codeOf(witness), errors: errors.slice(0, errorsTold), witness };
}

function hasFailed(state: string): boolean {
  return state === 'failed' || state === 'rejected';
}

/** A task is rejected where its node cannot even make a container of it; Swarm ends one that is unhealthy. */
function codeOf(witness: Task | undefined): TaskFailure['code'] {
  if (witness?.Status.State === 'rejected') return 'start_failed';
  return /unhealthy/i.test(witness?.Status.Err ?? '') ? 'unhealthy' : 'exited';
}
