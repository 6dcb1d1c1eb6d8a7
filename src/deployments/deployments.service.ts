import { Injectable } from '@nestjs/common';
import { enterStage, finish, newDeployment, start, type Deployment, type DeploymentEnd } from './deployment.js';
import { DeploymentStore } from './deployment-store.js';

/** The life of a deployment's record. Only the queue and the worker write it; everybody else reads. */
@Injectable()
export class DeploymentsService {
  constructor(private readonly store: DeploymentStore) {}

  async accept(container: string, requestedBy: string): Promise<Deployment> {
    const deployment = newDeployment(container, requestedBy);
    await this.store.add(deployment);
    return deployment;
  }

  find(id: string): Promise<Deployment | undefined> {
    return this.store.find(id);
  }

  coalesce(id: string): Promise<Deployment> {
    return this.store.update(id, (deployment) => ({ ...deployment, coalesced: deployment.coalesced + 1 }));
  }

  start(id: string): Promise<Deployment> {
    return this.store.update(id, start);
  }

  enterStage(id: string, stage: string): Promise<Deployment> {
    return this.store.update(id, (deployment) => enterStage(deployment, stage));
  }

  finish(id: string, end: DeploymentEnd): Promise<Deployment> {
    return this.store.update(id, (deployment) => finish(deployment, end));
  }
}
