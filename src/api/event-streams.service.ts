import { Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { settings, type Settings } from '../config/settings.js';
import { isFinished, type Deployment } from '../deployments/deployment.js';
import { DeploymentEvents, type DeploymentEvent } from '../deployments/deployment-events.js';
import { unavailable } from '../http/problem.js';
import { EventStream } from './event-stream.js';

/** Lets clients follow a deployment; as many at once as the setting `EVENT_STREAMS` allows. */
@Injectable()
export class EventStreams {
  private open = 0;

  constructor(
    private readonly events: DeploymentEvents,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'eventStreams'>,
  ) {}

  /**
   * Answers with the events of a deployment: `snapshot` its record, at once and when it leaves the queue or goes back to
   * it · `stage` · `progress` of the pull · `log` of a new container that failed · `done` its record, the last one. It ends
   * with the deployment, and so with the service, for a stop ends every deployment.
   * @param snapshot looks up the record
   * @throws Problem 503 where too many clients follow already, and whatever `snapshot` throws
   */
  async follow(id: string, snapshot: () => Promise<Deployment>, response: Response): Promise<void> {
    if (this.open >= this.settings.eventStreams)
      throw unavailable('too_many_streams', `${this.open} clients follow deployments already; ask again later.`, 10);
    this.open++;
    let stream: EventStream | undefined;
    // Listening begins before the snapshot is taken, so that nothing is missed; what comes before it is in it.
    const stopListening = this.events.subscribe((event) => {
      if (stream && concerns(event, id)) forward(event, stream);
    });
    const letGo = (): void => {
      stopListening();
      this.open--;
    };
    try {
      const deployment = await snapshot();
      stream = new EventStream(response, letGo);
      stream.send('snapshot', deployment);
      if (isFinished(deployment)) finish(deployment, stream);
    } catch (error) {
      if (!stream) letGo();
      throw error;
    }
  }
}

function concerns(event: DeploymentEvent, id: string): boolean {
  return ('deployment' in event ? event.deployment.id : event.deploymentId) === id;
}

function forward(event: DeploymentEvent, stream: EventStream): void {
  switch (event.type) {
    case 'stage':
      stream.send('stage', event.deployment.stages.at(-1));
      break;
    case 'progress':
      stream.send('progress', event.progress);
      break;
    case 'log':
      stream.send('log', { lines: event.lines });
      break;
    case 'finished':
      finish(event.deployment, stream);
      break;
    // Also where it waits again, to be tried later.
    case 'started':
    case 'postponed':
      stream.send('snapshot', event.deployment);
      break;
    // Joining it changes nothing for those who follow, and may happen very often.
    case 'queued':
    case 'coalesced':
  }
}

function finish(deployment: Deployment, stream: EventStream): void {
  stream.send('done', deployment);
  stream.end();
}
