import type { FailureCode } from '../update/outcome.js';
import type { ServiceInspect, Task, UpdateState } from '../engine/swarm-types.js';

/** What was asked of Swarm. */
export interface Aim {
  /** `update` to an image, or `rollback` to the one before. */
  kind: 'update' | 'rollback';
  /** The reference, with its digest, that all tasks are to run. */
  image: string;
}

/** One look at a service, with those of its tasks that Swarm wants to run, or holds ready. */
export interface Look {
  service: Pick<ServiceInspect, 'Spec' | 'PreviousSpec' | 'UpdateStatus'>;
  tasks: readonly Task[];
}

export type ServiceVerdict =
  | { is: 'waiting' }
  | { is: 'rolling_back' }
  | { is: 'converged' }
  | { is: 'rolled_back' }
  | { is: 'failed'; code: Extract<FailureCode, 'update_paused' | 'rollback_failed' | 'container_changed'> };

/**
 * Judges one look at a service that is being updated. What Swarm says is not enough: it says `completed` of an update
 * whose tasks fail, where the service's failure action is `continue`, and `rollback_completed` while tasks still start.
 * @param steadyMs for how long the tasks that run have been the same
 * @param settleMs for how long they must have been
 */
export function judgeService(look: Look, aim: Aim, steadyMs: number, settleMs: number): ServiceVerdict {
  const { Spec, UpdateStatus } = look.service;
  const state = UpdateStatus?.State;
  const isOurs = Spec.TaskTemplate.ContainerSpec?.Image === aim.image;
  const serves = isServed(look) && (steadyMs >= settleMs || look.tasks.length === 0);
  // Of an update that somebody asked to be rolled back, the rollback is the update.
  switch (aim.kind === 'rollback' && state !== undefined ? (asUpdate[state] ?? state) : state) {
    case 'paused':
      return { is: 'failed', code: aim.kind === 'rollback' ? 'rollback_failed' : 'update_paused' };
    case 'rollback_paused':
      return { is: 'failed', code: 'rollback_failed' };
    case 'rollback_started':
      return { is: 'rolling_back' };
    case 'rollback_completed':
      return { is: isServed(look) ? 'rolled_back' : 'rolling_back' };
    case 'updating':
      return isOurs ? { is: 'waiting' } : { is: 'failed', code: 'container_changed' };
    case 'completed':
    case undefined:
      if (!isOurs) return { is: 'failed', code: 'container_changed' };
      return { is: serves ? 'converged' : 'waiting' };
  }
}

/** The states of a rollback, in the words of an update. */
const asUpdate: Partial<Record<UpdateState, UpdateState>> = {
  rollback_started: 'updating',
  rollback_completed: 'completed',
  rollback_paused: 'paused',
};

/** Whether as many tasks as there must be run the service's present image, and no other one is there, or about to start. */
export function isServed(look: Look): boolean {
  const running = runningTasks(look);
  return running.length === look.tasks.length && slotsOf(running).size >= wantedTasks(look);
}

/** The tasks that run the image that the service is to run. */
export function runningTasks({ service, tasks }: Look): Task[] {
  const image = service.Spec.TaskTemplate.ContainerSpec?.Image;
  return tasks.filter(
    ({ DesiredState, Status, Spec }) =>
      DesiredState === 'running' && Status.State === 'running' && Spec.ContainerSpec?.Image === image,
  );
}

/** Whether a node is still getting the image, which may take as long as a pull. */
export function isPulling({ tasks }: Look): boolean {
  return tasks.some(({ Status }) => Status.State === 'preparing');
}

/**
 * How many tasks there must be. Of a global service the nodes decide: as soon as Swarm says that its update is completed
 * it may be none, before that at least one.
 */
function wantedTasks({ service: { Spec, UpdateStatus } }: Look): number {
  if (Spec.Mode?.Global) return UpdateStatus?.State?.endsWith('completed') ? 0 : 1;
  return Spec.Mode?.Replicated?.Replicas ?? 1;
}

/** A task that was started beside the one that it replaces has the slot of that one. */
function slotsOf(tasks: readonly Task[]): Set<number | string> {
  return new Set(tasks.map(({ ID, Slot }) => Slot ?? ID));
}
