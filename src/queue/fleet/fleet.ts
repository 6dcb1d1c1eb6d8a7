import type { Settings } from '../../config/settings.js';
import type { DeploymentEvents } from '../../deployments/deployment-events.js';
import type { RedisDeploymentStore } from '../../deployments/redis/redis.deployment-store.js';
import type { RedisConnections } from '../../redis/redis-connections.js';
import { Addressing } from './addressing.js';
import { HostDeliveries } from './host-deliveries.js';
import { HostInbox } from './host-inbox.js';
import { HostRegistry } from './host-registry.js';
import { Rollouts } from './rollouts.js';

export type FleetSettings = Pick<Settings, 'hostName' | 'role' | 'hostWaitMs' | 'stopAtFailure'>;

/** The parts of a fleet, each of them once in a process with `REDIS_URL`. */
export class Fleet {
  readonly registry: HostRegistry;
  readonly deliveries: HostDeliveries;
  readonly addressing: Addressing;
  readonly rollouts: Rollouts;
  /** Undefined in a process that works for no host. */
  readonly inbox: HostInbox | undefined;

  constructor(redis: RedisConnections, settings: FleetSettings, store: RedisDeploymentStore, events: DeploymentEvents) {
    this.registry = new HostRegistry(redis);
    this.deliveries = new HostDeliveries(redis);
    this.addressing = new Addressing(this.registry, settings);
    this.rollouts = new Rollouts(redis, store, events, this.deliveries, this.registry, settings);
    const { role, hostName } = settings;
    this.inbox = role !== 'api' && hostName !== undefined ? new HostInbox(redis, hostName) : undefined;
  }
}
