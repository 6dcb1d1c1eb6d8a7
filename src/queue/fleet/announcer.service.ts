import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { DeploymentEvents } from '../../deployments/deployment-events.js';
import { Inventory } from '../../docker/inspect/inventory.js';
import { Fleet } from './fleet.js';
import { announceMs, type HostRegistry } from './host-registry.js';

/** How long changes of an engine are gathered: a whole stack comes up at once. */
const gatheredMs = 1000;

/**
 * Tells the fleet which containers this host has: every 30 s, after each deployment, whenever somebody asks,
 * whenever there is a connection to Redis again, and soon after one has
 * come, gone, or got another name.
 */
@Injectable()
export class Announcer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Fleet');
  private timer: NodeJS.Timeout | undefined;
  private announcing: Promise<void> | undefined;
  private isWanted = false;
  private gathering: NodeJS.Timeout | undefined;
  private following: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(
    private readonly inventory: Inventory,
    private readonly events: DeploymentEvents,
    @Inject(Fleet) private readonly fleet: Pick<Fleet, 'registry'> | undefined,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'hostName' | 'role'>,
  ) {}

  onApplicationBootstrap(): void {
    const { hostName, role } = this.settings;
    if (!this.fleet || hostName === undefined || role === 'api') return;
    const { registry } = this.fleet;
    const announce = (): void => {
      this.isWanted = true;
      this.announcing ??= this.announce(registry, hostName).finally(() => (this.announcing = undefined));
    };
    const look = (): void => {
      announce();
      this.follow(announce);
    };
    look();
    this.timer = setInterval(look, announceMs);
    this.timer.unref();
    registry.onAsked(announce);
    registry.onConnected(announce);
    this.events.subscribe((event) => {
      if (event.type === 'finished' && !event.relayed) announce();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    const { hostName } = this.settings;
    if (!this.timer || !this.fleet || hostName === undefined) return;
    clearInterval(this.timer);
    clearTimeout(this.gathering);
    this.stopping.abort();
    await this.fleet.registry.leave(hostName);
  }

  /** Unless that is done already. Where the engine goes, or tells nothing, the next look tries again. */
  private follow(announce: () => void): void {
    const soon = (): void => {
      this.gathering ??= setTimeout(() => {
        this.gathering = undefined;
        announce();
      }, gatheredMs).unref();
    };
    this.following ??= this.inventory
      .follow(soon, this.stopping.signal)
      .catch((error: unknown) => {
        this.logger.debug(`the engine's events cannot be followed: ${(error as Error).message}`);
      })
      .finally(() => (this.following = undefined));
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
