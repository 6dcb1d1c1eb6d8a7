import type { FailureDetails, Stage } from '../update/outcome.js';
import type { ServiceInspect } from '../engine/swarm-types.js';
import type { Watched } from './service-watch.js';
import type { TaskEvidence } from './task-evidence.js';

/** How an update that did not come to its aim is recorded. */
export interface ServiceEnd {
  status: 'failed' | 'rolled_back';
  error: FailureDetails;
}

type Failed = Exclude<Watched['headway'], { is: 'converged' }>;

/**
 * What becomes of an update that Swarm, or time, has ended: what happened and how to go on by hand. Pure.
 * @param stage the one in which it ended
 */
export function endOf(
  headway: Failed,
  { Spec, UpdateStatus }: Pick<ServiceInspect, 'Spec' | 'UpdateStatus'>,
  { code, errors, ...evidence }: TaskEvidence,
  stage: Stage,
): ServiceEnd {
  const { Name } = Spec;
  const reasons = errors.length > 0 ? `: ${errors.join('; ')}` : '';
  const said = UpdateStatus?.Message ? ` (${UpdateStatus.Message})` : '';
  const failed = (as: FailureDetails['code'], message: string): ServiceEnd => ({
    status: 'failed',
    error: { code: as, stage, message, ...evidence },
  });
  if (headway.is === 'rolled_back') {
    const message = `the new tasks of the service ${Name} failed${reasons}; Swarm has rolled it back${said}`;
    return { status: 'rolled_back', error: { code, stage: 'prove', message, ...evidence } };
  }
  if (headway.is === 'overdue') {
    const waited = `within ${Math.round(headway.afterMs / 1000)} s`;
    return headway.wasRollingBack
      ? failed(
          'rollback_failed',
          `the new tasks of the service ${Name} failed${reasons}; Swarm rolls it back, and no further task of the old image came to run ${waited}: see docker service ps ${Name}`,
        )
      : failed(
          'proof_timeout',
          `no further task of the service ${Name} came to run, and to stay, ${waited}${reasons}; Swarm goes on trying: see docker service ps ${Name}, and docker service rollback ${Name} to go back`,
        );
  }
  if (headway.is === 'failing') {
    return failed(
      code,
      `the tasks of the service ${Name} fail again and again${reasons}; Swarm goes on starting them: see docker service ps ${Name}, and docker service rollback ${Name} to go back`,
    );
  }
  switch (headway.code) {
    case 'update_paused':
      return failed(
        'update_paused',
        `Swarm has paused the update of the service ${Name} half-way, as its failure action asks${reasons}${said}. Another notify goes on with it, docker service rollback ${Name} goes back; with update_config.failure_action: rollback Swarm does that by itself`,
      );
    case 'rollback_failed':
      return failed(
        'rollback_failed',
        `Swarm has paused the rollback of the service ${Name} half-way${reasons}${said}: see docker service ps ${Name}, and put it right with docker service update`,
      );
    case 'container_changed':
      return failed(
        'container_changed',
        `somebody else changed the image of the service ${Name} meanwhile, to ${Spec.TaskTemplate.ContainerSpec?.Image ?? 'none'}; Swarm goes on with that one`,
      );
  }
}
