import { Injectable, Logger } from '@nestjs/common';
import { DeploymentEvents } from './deployment-events.js';
import type { DeploymentError, FinishedDeployment } from './deployment.js';

/** Logs how each deployment ended that this process had begun, with what it found. */
@Injectable()
export class DeploymentEndLog {
  private readonly logger = new Logger('Worker');

  constructor(events: DeploymentEvents) {
    events.subscribe((event) => {
      if (event.type === 'finished' && !event.relayed && event.hasRun) this.log(event.deployment);
    });
  }

  private log(ended: FinishedDeployment): void {
    const { id: deploymentId, container, service, status, image, fromImageId, toImageId, fromDigest, digest } = ended;
    const { downtimeMs, warnings, error, startedAt, queuedAt } = ended;
    const durationMs = Date.now() - Date.parse(startedAt ?? queuedAt);
    const images = { image, fromImageId, toImageId, fromDigest, digest };
    const facts = { deploymentId, container, service, status, ...images, durationMs, downtimeMs, warnings, error };
    switch (ended.status) {
      case 'succeeded':
        this.logger.log(
          ended.result === 'updated'
            ? `${container}: updated to ${toImageId ?? digest ?? 'another image'}`
            : `${container}: already up to date`,
          facts,
        );
        break;
      case 'dropped':
        // One that the stop of the service cut off is at no known stage: the next start puts it right.
        this.logger[ended.error.stage === undefined && ended.error.code === 'interrupted' ? 'error' : 'warn'](
          `${container}: dropped: ${describeError(ended.error)}`,
          facts,
        );
        break;
      case 'rolled_back':
        this.logger.error(
          `${container}: rolled back, the old ${whatRuns(ended)} again: ${describeError(ended.error)}`,
          facts,
        );
        break;
      case 'failed':
        this.logger.error(`${container}: failed: ${describeError(ended.error)}`, facts);
    }
  }
}

export function describeError({ code, message }: Pick<DeploymentError, 'code' | 'message'>): string {
  return `${code}: ${message}`;
}

function whatRuns({ running, service }: FinishedDeployment): string {
  if (running === false) return 'container is stopped';
  return service === undefined ? 'container runs' : 'tasks run';
}
