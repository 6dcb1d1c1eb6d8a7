import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { isFinished, type Deployment } from './deployment.js';
import { DeploymentStore, unbegunKept } from './deployment-store.js';

/** Remembers deployments until the process ends. */
@Injectable()
export class MemoryDeploymentStore extends DeploymentStore {
  /** In the order in which they were accepted: a Map iterates in the order of insertion. */
  private readonly deployments = new Map<string, Deployment>();
  /** In the order in which they finished; those that ended before they began apart. */
  private readonly finished = new Set<string>();
  private readonly unbegun = new Set<string>();

  constructor(@Inject(settings.KEY) private readonly settings: Pick<Settings, 'deploymentsKept'>) {
    super();
  }

  add(deployment: Deployment): Promise<void> {
    this.deployments.set(deployment.id, deployment);
    return Promise.resolve();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- async, so that what `change` throws rejects
  async update<Changed extends Deployment>(id: string, change: (present: Deployment) => Changed): Promise<Changed> {
    const present = this.deployments.get(id);
    if (!present || isFinished(present)) throw new Error(`there is no unfinished deployment ${id}`);
    const changed = change(present);
    this.deployments.set(id, changed);
    if (isFinished(changed)) this.finish(changed);
    return changed;
  }

  find(id: string): Promise<Deployment | undefined> {
    return Promise.resolve(this.deployments.get(id));
  }

  newest(limit: number, isWanted: (deployment: Deployment) => boolean): Promise<Deployment[]> {
    return Promise.resolve([...this.deployments.values()].reverse().filter(isWanted).slice(0, limit));
  }

  private finish({ id, startedAt }: Deployment): void {
    const { finished, unbegun } = this;
    (startedAt === undefined ? unbegun : finished).add(id);
    while (finished.size + unbegun.size > this.settings.deploymentsKept) {
      const mostUnbegun = unbegunKept(this.settings.deploymentsKept);
      const crowded = unbegun.size > mostUnbegun || finished.size === 0 ? unbegun : finished;
      const [oldest] = crowded;
      if (oldest === undefined) break;
      crowded.delete(oldest);
      this.deployments.delete(oldest);
    }
  }
}
