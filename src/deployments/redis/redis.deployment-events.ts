import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { pollUntil } from '../../common/poll-until.js';
import { settings, type Settings } from '../../config/settings.js';
import { keyPrefix, RedisConnections } from '../../redis/redis-connections.js';
import { isFinished, type Deployment } from '../deployment.js';
import { DeploymentEvents, type DeploymentEvent } from '../deployment-events.js';
import { DeploymentStore } from '../deployment-store.js';
import { eventMessageSchema } from './event-message.js';

export const eventsChannel = `${keyPrefix}:events`;
/** After an outage, how many of the newest deployments are looked at for those that ended meanwhile. */
const lookedAt = 1000;
const lookUpMs = 10_000;
const pauseMs = 500;
/** As many events wait until the record is written that they tell of; what comes meanwhile is not told. */
const maxUnsent = 200;

/**
 * Tells the other processes what happens here, and this one what happens there. Messages may be lost with a connection; so the end
 * of a deployment is published by the very script that stores it, and looked up again once the connection is back.
 */
@Injectable()
export class RedisDeploymentEvents extends DeploymentEvents implements OnApplicationBootstrap {
  private readonly log = new Logger('Events');
  private lostAt: number | undefined;
  private unsent = 0;

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: DeploymentStore,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'role'>,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    // Nobody asks an agent what happens elsewhere: if all of them heard of all, a fleet twice as large would cost Redis four times as much.
    if (this.settings.role === 'agent') return;
    const { listener } = this.redis;
    listener.on('message', (channel: string, text: string) => {
      if (channel === eventsChannel) this.receive(text);
    });
    listener.on('close', () => (this.lostAt ??= Date.now()));
    listener.on('ready', () => {
      this.catchUp().catch((error: unknown) => {
        this.log.warn(`what ended while Redis was away was not looked up: ${String(error)}`);
      });
    });
    // Sent once there is a connection, and again by each new one.
    listener.subscribe(eventsChannel).catch(() => undefined);
  }

  override emit(event: DeploymentEvent): void {
    super.emit(event);
    if (event.type === 'finished') return;
    void this.send(event);
  }

  /** After the record was written: who hears of it looks there. */
  private async send(event: DeploymentEvent): Promise<void> {
    if (this.unsent >= maxUnsent) return;
    this.unsent++;
    const id = 'deployment' in event ? event.deployment.id : event.deploymentId;
    const message = JSON.stringify({ origin: this.redis.origin, event });
    try {
      await this.store.onceWritten(id, () => this.redis.prompt.publish(eventsChannel, message));
    } catch {
      // It may get lost: the end is looked up once there is a connection again.
    } finally {
      this.unsent--;
    }
  }

  private receive(text: string): void {
    const message = this.redis.stored.parse('event', 'of a deployment', text, eventMessageSchema);
    if (message && message.origin !== this.redis.origin) super.emit({ ...message.event, relayed: true });
  }

  private async catchUp(): Promise<void> {
    const since = this.lostAt;
    if (since === undefined) return;
    // What ends before this is answered is in the records, and what ends after it is heard of.
    await this.redis.listener.subscribe(eventsChannel);
    // Clocks of two hosts differ, and a connection may be dead for a while before it is lost.
    const from = since - 120_000;
    const endedSince = ({ finishedAt }: Deployment): boolean =>
      finishedAt !== undefined && Date.parse(finishedAt) >= from;
    const deployments = await this.newest();
    this.lostAt = undefined;
    for (const deployment of deployments)
      if (isFinished(deployment) && endedSince(deployment)) super.emit({ type: 'finished', deployment, relayed: true });
  }

  /** One connection may be back a little sooner than the other. */
  private async newest(): Promise<Deployment[]> {
    let failure: unknown;
    const ask = (): Promise<Deployment[] | undefined> =>
      this.store
        .newest(lookedAt, () => true)
        .catch((error: unknown) => {
          failure = error;
          return undefined;
        });
    const found = await pollUntil(ask, { intervalMs: pauseMs, timeoutMs: lookUpMs });
    if (!found) throw failure;
    return found;
  }
}
