import { Module } from '@nestjs/common';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { DockerModule } from '../docker/docker.module.js';
import { MemoryQueueService } from './memory.queue.service.js';
import { QueueService } from './queue.service.js';
import { WorkerService } from './worker.service.js';

@Module({
  imports: [DeploymentsModule, DockerModule],
  providers: [WorkerService, { provide: QueueService, useClass: MemoryQueueService }],
  exports: [QueueService, WorkerService],
})
export class QueueModule {}
