import { randomUUID } from 'node:crypto';
import { pollUntil } from '../../common/poll-until.js';
import type { Settings } from '../../config/settings.js';
import type { Deployment, TargetKind } from '../../deployments/deployment.js';
import type { StoredDeployment } from '../../deployments/redis/redis.deployment-store.js';
import { missedMs, type AnnouncedHost, type HostRegistry } from './host-registry.js';
import { targetsOf, type Targets } from './targets.js';

/** How long hosts have to say what they have, where none seems to have a container. */
const announcedWithinMs = 2000;
const announcedPollMs = 200;

/** Says which hosts a request is for. */
export class Addressing {
  constructor(
    private readonly registry: HostRegistry,
    private readonly settings: Pick<Settings, 'hostName' | 'role' | 'stopAtFailure'>,
  ) {}

  /**
   * The hosts that it is for. Where none seems to have the container, they are asked: it may be a new one.
   * @throws Ambiguous, RedisUnavailable
   */
  async targets(container: string, asked?: string, target?: TargetKind): Promise<Targets> {
    const announced = await this.present();
    // A service of a Swarm is not announced: the manager that it is asked of says itself whether it has one.
    if (target === 'service' && asked !== undefined && announced.some(({ host }) => host === asked))
      return { hosts: [asked] };
    let found = targetsOf(container, announced, asked);
    if ('hosts' in found) return found;
    const { hostName, role } = this.settings;
    const isAlone = role === 'all' && announced.every(({ host }) => host === hostName);
    // A host of its own says itself what is wrong, as it does without Redis: its engine may be away.
    if (isAlone && hostName !== undefined && (asked ?? hostName) === hostName) return { hosts: [hostName] };
    const before = await this.registry.ask();
    await pollUntil(
      async () => {
        this.registry.forget();
        const hosts = await this.registry.hosts();
        found = targetsOf(container, hosts, asked);
        // Not the first that has it: all of them.
        return hosts.every(({ isLive, announcement }) => !isLive || announcement > before) || undefined;
      },
      { intervalMs: announcedPollMs, timeoutMs: announcedWithinMs },
    );
    return found;
  }

  /** The hosts; those that Redis has lost a moment ago are waited for, and are away where they do not come. */
  private async present(): Promise<AnnouncedHost[]> {
    if ((await this.registry.stillMissed()).length > 0) {
      await this.registry.ask();
      await pollUntil(
        async () => {
          this.registry.forget();
          return (await this.registry.stillMissed()).length === 0 || undefined;
        },
        { intervalMs: announcedPollMs, timeoutMs: missedMs },
      );
    }
    return this.registry.hosts();
  }

  /** The record as it is to be stored: for one host, with a part for each of several, or for none. */
  addressed(
    draft: Deployment,
    targets: Targets,
    parallel: number,
    permissions: StoredDeployment['permissions'],
  ): StoredDeployment {
    if (!('hosts' in targets)) return { deployment: draft, permissions };
    const { hosts } = targets;
    const [host] = hosts;
    if (hosts.length === 1) return { deployment: { ...draft, host }, permissions, host };
    const parts = hosts.map((each) => ({ host: each, deploymentId: randomUUID(), status: 'queued' as const }));
    const rollout = { parallel, stopAtFailure: this.settings.stopAtFailure };
    return { deployment: { ...draft, hosts: parts }, permissions, rollout };
  }
}
