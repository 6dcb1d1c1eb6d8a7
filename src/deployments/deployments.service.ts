import { Injectable } from '@nestjs/common';
import { logContext } from '../common/log-context.js';
import {
  coalesce,
  enterStage,
  finish,
  isDeploymentId,
  isFinished,
  newDeployment,
  postpone,
  start,
  type Deployment,
  type DeploymentEnd,
  type DeploymentFindings,
  type DeploymentRetry,
  type DeploymentWishes,
  type FinishedDeployment,
  type QueuedDeployment,
  type RunningDeployment,
  type Winner,
} from './deployment.js';
import { DeploymentEvents, type PullProgress, type RecordedEvent } from './deployment-events.js';
import { DeploymentStore } from './deployment-store.js';
import { overtaking } from './overtaking.js';
import { RecordWatch } from './record-watch.js';

/** The life of a deployment's record. Only the queue and the worker write it; everybody else reads, or listens to the events. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly store: DeploymentStore,
    private readonly events: DeploymentEvents,
  ) {}

  async accept(container: string, requestedBy: string, wishes?: DeploymentWishes): Promise<Deployment> {
    const deployment = this.draft(container, requestedBy, wishes);
    await this.store.add(deployment);
    this.events.emit({ type: 'queued', deployment });
    return deployment;
  }

  /** The record of a deployment as it would be accepted: with the request that asks for it, and not stored. */
  draft(container: string, requestedBy: string, wishes?: DeploymentWishes): Deployment {
    const { requestId, traceId } = logContext();
    return { ...newDeployment(container, requestedBy, wishes), requestId, traceId };
  }

  find(id: string): Promise<Deployment | undefined> {
    return this.store.find(id);
  }

  /** The wanted ones, those accepted last first, at most so many. */
  newest(limit: number, isWanted: (deployment: Deployment) => boolean): Promise<Deployment[]> {
    return this.store.newest(limit, isWanted);
  }

  coalesce(id: string, requestedBy: string): Promise<Deployment> {
    return this.change(id, 'coalesced', (deployment) => coalesce(deployment, requestedBy));
  }

  start(id: string): Promise<RunningDeployment> {
    return this.change(id, 'started', start);
  }

  /** @param findings what is known so far, so that the record of a running deployment tells it too */
  enterStage(id: string, stage: string, findings: DeploymentFindings = {}): Promise<Deployment> {
    return this.change(id, 'stage', (deployment) => ({ ...enterStage(deployment, stage), ...findings }));
  }

  /** The later deployment that overtook this one, as `overtaking` says. */
  async overtaking(deployment: Deployment, servedDigest: string): Promise<Winner | undefined> {
    const newestFirst = await this.store.newest(Infinity, ({ container }) => container === deployment.container);
    return overtaking(deployment, newestFirst.reverse(), servedDigest);
  }

  /** Back to the queue, to be tried again. */
  postpone(id: string, retry: DeploymentRetry): Promise<QueuedDeployment> {
    return this.change(id, 'postponed', (deployment) => postpone(deployment, retry));
  }

  reportProgress(deploymentId: string, progress: PullProgress): void {
    this.events.emit({ type: 'progress', deploymentId, progress });
  }

  /** @param of as `evidenceOf` of DeploymentError */
  reportLog(deploymentId: string, lines: string[], of?: string): void {
    this.events.emit({ type: 'log', deploymentId, lines, ...(of !== undefined && { of }) });
  }

  async finish(id: string, end: DeploymentEnd): Promise<FinishedDeployment> {
    let hasRun = false;
    const deployment = await this.store.update(id, (present) => {
      hasRun = present.status === 'running';
      return finish(present, end);
    });
    this.events.emit({ type: 'finished', deployment, hasRun });
    return deployment;
  }

  /**
   * Records a deployment that began before this process did: the update of the service's own container. Where the store is durable,
   * its record is still there, and running.
   * @param id the one that its caller was told; a new one where it is none
   */
  async adopt(id: string, container: string, end: DeploymentEnd): Promise<FinishedDeployment> {
    const present = await this.store.find(id);
    if (present) return isFinished(present) ? present : this.finish(id, end);
    const fresh = newDeployment(container, 'self-update');
    const deployment = { ...fresh, id: isDeploymentId(id) ? id : fresh.id };
    await this.store.add(deployment);
    this.events.emit({ type: 'queued', deployment });
    await this.start(deployment.id);
    return this.finish(deployment.id, end);
  }

  /**
   * Waits for the end of a deployment, or until the signal is aborted. Answers with its record as it is then; undefined
   * where it is unknown. Leaves no listener behind.
   */
  async untilFinished(id: string, signal: AbortSignal): Promise<Deployment | undefined> {
    let stopListening: (() => void) | undefined;
    let onAbort: (() => void) | undefined;
    // Listening begins before the record is looked at, so that no end is missed in between.
    const finished = new Promise<Deployment>((resolve) => {
      const watch = new RecordWatch(
        () => this.store.find(id),
        (found) => {
          if (isFinished(found)) resolve(found);
        },
      );
      const unsubscribe = this.events.subscribe((event) => {
        if (event.type !== 'finished' || event.deployment.id !== id) return;
        if (event.relayed) watch.hint();
        else resolve(event.deployment);
      });
      stopListening = () => {
        watch.close();
        unsubscribe();
      };
    });
    const aborted = new Promise<undefined>((resolve) => {
      onAbort = () => {
        resolve(undefined);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      const present = await this.store.find(id);
      if (!present || isFinished(present) || signal.aborted) return present;
      return (await Promise.race([finished, aborted])) ?? (await this.store.find(id));
    } finally {
      stopListening?.();
      if (onAbort) signal.removeEventListener('abort', onAbort);
    }
  }

  private async change<Changed extends Deployment>(
    id: string,
    type: Exclude<RecordedEvent, 'finished'>,
    change: (present: Deployment) => Changed,
  ): Promise<Changed> {
    const deployment = await this.store.update(id, change);
    this.events.emit({ type, deployment });
    return deployment;
  }
}
