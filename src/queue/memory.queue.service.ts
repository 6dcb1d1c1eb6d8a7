import { Inject, Injectable } from '@nestjs/common';
import { once } from 'node:events';
import { settings, type Settings } from '../config/settings.js';
import type { Deployment, DeploymentKind } from '../deployments/deployment.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { addPermission, type Permissions } from './permissions.js';
import { QueueFull, QueueService, type Enqueued, type Job } from './queue.service.js';

interface Waiting {
  container: string;
  kind: DeploymentKind;
  accepted: Promise<Deployment>;
  permissions: Permissions;
}

/** A queue in the memory of this process: what waits is lost when it ends. */
@Injectable()
export class MemoryQueueService extends QueueService {
  /**
   * By container and kind, in the order of arrival. An entry takes its place before its record is stored, so that no request that
   * comes meanwhile can pass the bound or miss what it should join; whoever takes it waits for the record.
   */
  private readonly waiting = new Map<string, Waiting>();
  private readonly arrivals = new EventTarget();

  constructor(
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'queueSize'>,
    private readonly deployments: DeploymentsService,
  ) {
    super();
  }

  async add(
    container: string,
    requestedBy: string,
    mayUpdate: readonly string[] = [container],
    kind: DeploymentKind = 'notify',
  ): Promise<Enqueued> {
    const key = `${kind} ${container}`;
    const waiting = this.waiting.get(key);
    if (waiting) {
      this.moveBehindOthersOf(key, waiting);
      const position = [...this.waiting.keys()].indexOf(key) + 1;
      waiting.permissions = addPermission(waiting.permissions, mayUpdate);
      const { id } = await waiting.accepted;
      return { deployment: await this.deployments.coalesce(id, requestedBy), position, coalesced: true };
    }
    if (this.waiting.size >= this.settings.queueSize)
      throw new QueueFull(`${this.waiting.size} containers are waiting`);
    const accepted = this.deployments.accept(container, requestedBy, kind);
    this.waiting.set(key, { container, kind, accepted, permissions: [mayUpdate] });
    const position = this.waiting.size;
    try {
      return { deployment: await accepted, position, coalesced: false };
    } catch (error) {
      this.waiting.delete(key);
      throw error;
    } finally {
      this.arrivals.dispatchEvent(new Event('arrival'));
    }
  }

  async take(signal: AbortSignal): Promise<Job | undefined> {
    while (!signal.aborted) {
      const [first] = this.waiting;
      if (first) return this.takeOut(...first);
      // No arrival is lost: nothing is awaited between the look above and the listening below.
      await once(this.arrivals, 'arrival', { signal }).catch(() => undefined);
    }
    return undefined;
  }

  async remove(deploymentId: string): Promise<boolean> {
    for (const [key, entry] of this.waiting) {
      if ((await entry.accepted).id === deploymentId && this.waiting.get(key) === entry)
        return this.waiting.delete(key);
    }
    return false;
  }

  async order(): Promise<string[]> {
    return Promise.all([...this.waiting.values()].map(async ({ accepted }) => (await accepted).id));
  }

  clear(): Promise<Job[]> {
    return Promise.all([...this.waiting].map((entry) => this.takeOut(...entry)));
  }

  size(): Promise<number> {
    return Promise.resolve(this.waiting.size);
  }

  private moveBehindOthersOf(key: string, waiting: Waiting): void {
    const ofContainer = [...this.waiting].filter(([, { container }]) => container === waiting.container);
    if (ofContainer.at(-1)?.[0] === key) return;
    this.waiting.delete(key);
    this.waiting.set(key, waiting);
  }

  private async takeOut(key: string, { container, kind, accepted, permissions }: Waiting): Promise<Job> {
    this.waiting.delete(key);
    return { container, kind, deploymentId: (await accepted).id, permissions };
  }
}
