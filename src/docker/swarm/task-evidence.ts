import type { Mask } from '../disclosure.js';
import { demultiplex, lastLines } from '../evidence.js';
import type { Evidence } from '../outcome.js';
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
  told: { logLines: number; mask: Mask },
): Promise<TaskEvidence> {
  try {
    const { witness, code, errors } = taskFailure(await manager.listTasks(serviceId), image, said);
    const masked = { code, errors: errors.map(told.mask) };
    if (!witness) return masked;
    const exitCode = witness.Status.ContainerStatus?.ExitCode;
    return {
      ...masked,
      exitCode: exitCode === 0 ? undefined : exitCode,
      logTail: await logTail(manager, witness, told),
    };
  } catch {
    return { code: 'exited', errors: [] };
  }
}

async function logTail(
  manager: SwarmManager,
  { ID, Spec }: NonNullable<TaskFailure['witness']>,
  { logLines, mask }: { logLines: number; mask: Mask },
): Promise<string[] | undefined> {
  if (logLines === 0) return undefined;
  const output = await manager.taskLogs(ID, logLines).catch(() => Buffer.alloc(0));
  return lastLines(mask((Spec.ContainerSpec?.TTY ? output : demultiplex(output)).toString('utf8')), logLines);
}
