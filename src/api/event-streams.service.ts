import { Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { Caller } from '../auth/caller.js';
import { hasPlace } from '../common/fair-share.js';
import { settings, type Settings } from '../config/settings.js';
import type { Deployment } from '../deployments/deployment.js';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { unavailable } from '../http/problem.js';
import { DeploymentStream } from './deployment-stream.js';
import { EventStream } from './event-stream.js';
import { visibleEvent } from './visible-event.js';

/** Who follows. */
export interface Follower {
  caller: Caller;
  /** Whose share of the streams it uses. */
  account: string;
  /** Whether it must leave as many streams free as it has. */
  isLimited: boolean;
  /** Aborted when it must not follow any longer. */
  credential: AbortSignal;
}

/**
 * Lets clients follow a deployment; as many at once as the setting `EVENT_STREAMS` allows. A caller that is limited leaves as
 * many free as it has: alone it gets half of them, and there is always one for a caller that has none.
 */
@Injectable()
export class EventStreams {
  private open = 0;
  private readonly openOf = new Map<string, number>();

  constructor(
    private readonly events: DeploymentEvents,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'eventStreams'>,
  ) {}

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
    { caller, account, isLimited, credential }: Follower,
    response: Response,
  ): Promise<void> {
    this.assertFree(account, isLimited);
    this.count(account, 1);
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
      this.count(account, -1);
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

  private assertFree(account: string, isLimited: boolean): void {
    const { eventStreams: size } = this.settings;
    const own = this.openOf.get(account) ?? 0;
    if (hasPlace({ total: this.open, own, size }, isLimited)) return;
    const reason =
      this.open < size
        ? `This caller follows ${own} deployments already, and no more streams are free for all others`
        : `${this.open} clients follow deployments already`;
    throw unavailable('too_many_streams', `${reason}; ask again later.`, 10);
  }

  private count(account: string, change: 1 | -1): void {
    this.open += change;
    const own = (this.openOf.get(account) ?? 0) + change;
    if (own > 0) this.openOf.set(account, own);
    else this.openOf.delete(account);
  }
}
