import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { Inventory } from '../docker/inventory.js';
import { RedisConnections } from '../redis/redis-connections.js';
import { announceMs, HostRegistry } from './host-registry.js';

/** Tells the fleet which containers this host has: every 30 s, after each deployment, and whenever somebody asks. */
@Injectable()
export class Announcer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Fleet');
  private timer: NodeJS.Timeout | undefined;
  private announcing: Promise<void> | undefined;
  private isWanted = false;

  constructor(
    private readonly inventory: Inventory,
    private readonly events: DeploymentEvents,
    @Inject(RedisConnections) private readonly redis: RedisConnections | undefined,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'hostName' | 'role'>,
  ) {}

  onApplicationBootstrap(): void {
    const { hostName, role } = this.settings;
    if (!this.redis || hostName === undefined || role === 'api') return;
    const registry = new HostRegistry(this.redis);
    const announce = (): void => {
      this.isWanted = true;
      this.announcing ??= this.announce(registry, hostName).finally(() => (this.announcing = undefined));
    };
    announce();
    this.timer = setInterval(announce, announceMs);
    this.timer.unref();
    registry.onAsked(announce);
    this.events.subscribe((event) => {
      if (event.type === 'finished' && !event.relayed) announce();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.timer || !this.redis) return;
    clearInterval(this.timer);
    await new HostRegistry(this.redis).leave(String(this.settings.hostName));
  }

  /** Once more where somebody asked meanwhile. A host whose engine is away is away. */
  private async announce(registry: HostRegistry, host: string): Promise<void> {
    while (this.isWanted) {
      this.isWanted = false;
      try {
        await registry.announce(host, () => this.inventory.list());
      } catch (error) {
        this.logger.debug(`this host could not be announced: ${(error as Error).message}`);
      }
    }
  }
}
