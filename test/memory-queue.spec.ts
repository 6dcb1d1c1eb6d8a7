import { Logger } from '@nestjs/common';
import { DeploymentEvents } from '../src/deployments/deployment-events.js';
import { DeploymentsService } from '../src/deployments/deployments.service.js';
import { MemoryDeploymentStore } from '../src/deployments/memory.deployment-store.js';
import { MemoryQueueService } from '../src/queue/memory.queue.service.js';
import { describeQueueShares } from './support/service/queue-shares.contract.js';
import { describeQueue, type QueueUnderTest } from './support/service/queue.contract.js';

Logger.overrideLogger(false);

const inMemory = (queueSize: number): Promise<QueueUnderTest> => {
  const deployments = new DeploymentsService(
    new MemoryDeploymentStore({ deploymentsKept: 100 }),
    new DeploymentEvents(),
  );
  const queue = new MemoryQueueService({ queueSize }, deployments);
  return Promise.resolve({ queue, deployments, close: () => Promise.resolve() });
};

describeQueue('the queue in memory', inMemory);
describeQueueShares('the shares of the queue in memory', inMemory, { takesTurns: true });
