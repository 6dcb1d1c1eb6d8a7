import { Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { Caller } from '../auth/caller.js';
import { SharedPlaces, type Sharer } from '../common/shared-places.js';
import { settings, type Settings } from '../config/settings.js';
import type { Deployment } from '../deployments/deployment.js';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { unavailable } from '../http/problem.js';
import { DeploymentStream } from './deployment-stream.js';
import { EventStream } from './event-stream.js';
import { visibleEvent } from './visible-event.js';

/** Who follows. */
export interface Follower extends Sharer {
  caller: Caller;
  /** Aborted when it must not follow any longer. */
  credential: AbortSignal;
}

/**
 * Lets clients follow a deployment; as many at once as the setting `EVENT_STREAMS` allows. A caller that is limited leaves as
 * many free as it has: alone it gets half of them, and there is always one for a caller that has none.
 */
@Injectable()
export class EventStreams {
  private readonly open: SharedPlaces;

  constructor(
    private readonly events: DeploymentEvents,
    @Inject(settings.KEY) { eventStreams }: Pick<Settings, 'eventStreams'>,
  ) {
    this.open = new SharedPlaces(eventStreams);
  }

  /**
   * Answers with the events of a deployment: `snapshot` its record, at once and when it leaves the queue or goes back to
   * it · `stage` · `progress` of the pull · `log` of a new container that failed · `done` its record, the last one. It ends
   * with the deployment, and so with the service, for a stop ends every deployment; and, without `done`, with the credential.
   * @param snapshot looks up the record, as the caller may see it
   * @throws Problem 503 where too many clients follow already, or too many of this caller; and whatever `snapshot` throws
   */
  async follow(
    id: string,
    snapshot: () => Promise<Deployment>,
    { caller, credential, ...sharer }: Follower,
    response: Response,
  ): Promise<void> {
    const release = this.take(sharer);
    let told: DeploymentStream | undefined;
    let container = '';
    // Listening begins before the snapshot is taken, so that nothing is missed; what comes before it is in it.
    const stopListening = this.events.subscribe((event) => {
      if (told?.concerns(event) !== true) return;
      const visible = visibleEvent(event, container, caller);
      if (visible) told.tell(visible);
    });
    const letGo = (): void => {
      stopListening();
      told?.close();
      release();
    };
    try {
      const deployment = await snapshot();
      ({ container } = deployment);
      credential.throwIfAborted();
      const stream = new EventStream(response, letGo);
      const cut = (): void => {
        stream.cut();
      };
      credential.addEventListener('abort', cut, { once: true });
      told = new DeploymentStream(id, stream, snapshot);
      told.begin(deployment);
    } catch (error) {
      if (!told) letGo();
      throw error;
    }
  }

  private take(sharer: Sharer): () => void {
    const release = this.open.take(sharer);
    if (release) return release;
    const { total, size } = this.open;
    const reason =
      total < size
        ? `This caller follows ${this.open.ownOf(sharer.account)} deployments already, and no more streams are free for all others`
        : `${total} clients follow deployments already`;
    throw unavailable('too_many_streams', `${reason}; ask again later.`, 10);
  }
}
