import { DeploymentEvents } from '../src/deployments/deployment-events.js';
import { DeploymentsService } from '../src/deployments/deployments.service.js';
import { MemoryDeploymentStore } from '../src/deployments/memory.deployment-store.js';
import { MemoryQueueService } from '../src/queue/memory.queue.service.js';
import { describeQueue } from './support/queue.contract.js';

describeQueue('the queue in memory', (queueSize) => {
  const deployments = new DeploymentsService(
    new MemoryDeploymentStore({ deploymentsKept: 100 }),
    new DeploymentEvents(),
  );
  const queue = new MemoryQueueService({ queueSize }, deployments);
  return Promise.resolve({ queue, deployments, close: () => Promise.resolve() });
});
