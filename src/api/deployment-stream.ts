import { isFinished, type Deployment } from '../deployments/deployment.js';
import type { DeploymentEvent } from '../deployments/deployment-events.js';
import { RecordWatch } from '../deployments/record-watch.js';
import type { EventStream } from './event-stream.js';

/**
 * Tells a client what becomes of one deployment. What another process tells of its record only makes it look there: nobody ends a stream
 * by a message.
 */
export class DeploymentStream {
  private shown: Deployment | undefined;
  private readonly watch: RecordWatch;

  /** @param look reads the record, as this client may see it */
  constructor(
    private readonly id: string,
    private readonly stream: Pick<EventStream, 'send' | 'end'>,
    look: () => Promise<Deployment>,
  ) {
    this.watch = new RecordWatch(look, (found) => {
      this.show(found);
    });
  }

  /** The record, at once. */
  begin(deployment: Deployment): void {
    this.snapshot(deployment);
    if (isFinished(deployment)) this.finish(deployment);
  }

  concerns(event: DeploymentEvent): boolean {
    return ('deployment' in event ? event.deployment.id : event.deploymentId) === this.id;
  }

  tell(event: DeploymentEvent): void {
    if (!this.concerns(event)) return;
    switch (event.type) {
      case 'progress':
        this.stream.send('progress', event.progress);
        break;
      case 'log':
        this.stream.send('log', { lines: event.lines });
        break;
      // Joining it changes nothing for those who follow, and may happen very often.
      case 'queued':
      case 'coalesced':
        break;
      case 'started':
      case 'stage':
      case 'postponed':
      case 'finished':
        if (event.relayed) this.watch.hint();
        else this.show(event.deployment);
    }
  }

  close(): void {
    this.watch.close();
  }

  /** What is new in the record. Also where it waits again, to be tried later. */
  private show(deployment: Deployment): void {
    const { shown } = this;
    if (isFinished(deployment)) {
      this.finish(deployment);
      return;
    }
    if (deployment.status !== shown?.status || deployment.attempts !== shown.attempts) {
      this.snapshot(deployment);
      return;
    }
    for (const stage of deployment.stages.slice(shown.stages.length)) this.stream.send('stage', stage);
    this.shown = deployment;
  }

  private snapshot(deployment: Deployment): void {
    this.shown = deployment;
    this.stream.send('snapshot', deployment);
  }

  private finish(deployment: Deployment): void {
    this.watch.close();
    this.stream.send('done', deployment);
    this.stream.end();
  }
}
