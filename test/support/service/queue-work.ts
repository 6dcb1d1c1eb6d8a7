import type { DeploymentsService } from '../../../src/deployments/deployments.service.js';
import type { Job, QueueService } from '../../../src/queue/queue.service.js';

interface Worked {
  queue: QueueService;
  deployments: DeploymentsService;
}

const never = new AbortController().signal;

/** Takes the next one as the worker does; the test fails where there is none. */
export async function begin({ queue, deployments }: Worked, signal: AbortSignal = never): Promise<Job> {
  const job = await queue.take(signal);
  if (!job) throw new Error('nothing was taken');
  await deployments.start(job.deploymentId);
  return job;
}

/** Ends it as one that was updated. */
export async function end({ queue, deployments }: Worked, job: Job): Promise<void> {
  await deployments.finish(job.deploymentId, { status: 'succeeded', result: 'updated' });
  await queue.done(job);
}

/** A digest that is told from others by its letter, from a to f. */
export function digest(letter: string): string {
  return `sha256:${letter.repeat(64)}`;
}
