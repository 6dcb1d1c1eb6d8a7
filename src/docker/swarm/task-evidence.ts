import { readLogTail, type EvidenceTerms } from '../report/evidence.js';
import type { Evidence } from '../update/outcome.js';
import type { SwarmManager } from './swarm-manager.js';
import { taskFailure, type TaskFailure } from './task-failures.js';

/** What the tasks that were to run an image left behind. */
export interface TaskEvidence extends Evidence {
  code: TaskFailure['code'];
  errors: string[];
}

/**
 * What is known of tasks that failed: their errors, and of one of them the exit code and the last log lines, all masked.
 * Never throws: it explains a failure, it must not become one.
 * @param said what Swarm says of the update
 * @param told.logLines how many log lines to ask for; 0 for none
 */
export async function collectTaskEvidence(
  manager: SwarmManager,
  serviceId: string,
  image: string,
  said: string | undefined,
  told: EvidenceTerms,
): Promise<TaskEvidence> {
  try {
    const { witness, code, errors } = taskFailure(await manager.listTasks(serviceId), image, said);
    const masked = { code, errors: errors.map(told.mask) };
    if (!witness) return masked;
    const { ID, Spec } = witness;
    const exitCode = witness.Status.ContainerStatus?.ExitCode;
    return {
      ...masked,
      exitCode: exitCode === 0 ? undefined : exitCode,
      logTail: await readLogTail((signal) => manager.taskLogs(ID, told.logLines, signal), {
        ...told,
        isPlain: Spec.ContainerSpec?.TTY === true,
      }),
    };
  } catch {
    return { code: 'exited', errors: [] };
  }
}
