import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { isFinished, type Deployment } from './deployment.js';
import { DeploymentStore } from './deployment-store.js';

/** Remembers deployments until the process ends. */
@Injectable()
export class MemoryDeploymentStore extends DeploymentStore {
  private readonly unfinished = new Map<string, Deployment>();
  /** In the order in which they finished: a Map iterates in the order of insertion. */
  private readonly finished = new Map<string, Deployment>();

  constructor(@Inject(settings.KEY) private readonly settings: Pick<Settings, 'deploymentsKept'>) {
    super();
  }

  add(deployment: Deployment): Promise<void> {
    this.unfinished.set(deployment.id, deployment);
    return Promise.resolve();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- async, so that what `change` throws rejects
  async update(id: string, change: (present: Deployment) => Deployment): Promise<Deployment> {
    const present = this.unfinished.get(id);
    if (!present) throw new Error(`there is no unfinished deployment ${id}`);
    const changed = change(present);
    if (isFinished(changed)) this.moveToFinished(changed);
    else this.unfinished.set(id, changed);
    return changed;
  }

  find(id: string): Promise<Deployment | undefined> {
    return Promise.resolve(this.unfinished.get(id) ?? this.finished.get(id));
  }

  private moveToFinished(deployment: Deployment): void {
    this.unfinished.delete(deployment.id);
    this.finished.set(deployment.id, deployment);
    for (const oldest of this.finished.keys()) {
      if (this.finished.size <= this.settings.deploymentsKept) break;
      this.finished.delete(oldest);
    }
  }
}
