import { Module } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { DeploymentStore } from '../deployments/deployment-store.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { RedisDeploymentStore } from '../deployments/redis/redis.deployment-store.js';
import { DockerModule } from '../docker/docker.module.js';
import { RedisConnections } from '../redis/redis-connections.js';
import { Announcer } from './fleet/announcer.service.js';
import { MemoryQueueService } from './memory.queue.service.js';
import { QueueService } from './queue.service.js';
import { Fleet } from './fleet/fleet.js';
import { RedisQueueService } from './fleet/redis.queue.service.js';
import { WorkerService } from './worker.service.js';

@Module({
  imports: [DeploymentsModule, DockerModule],
  providers: [
    Announcer,
    WorkerService,
    {
      provide: Fleet,
      inject: [settings.KEY, DeploymentStore, DeploymentEvents, RedisConnections],
      useFactory: (configured: Settings, store: DeploymentStore, events: DeploymentEvents, redis?: RedisConnections) =>
        redis && store instanceof RedisDeploymentStore ? new Fleet(redis, configured, store, events) : undefined,
    },
    {
      provide: QueueService,
      inject: [settings.KEY, DeploymentStore, DeploymentsService, DeploymentEvents, RedisConnections, Fleet],
      useFactory: (
        configured: Settings,
        store: DeploymentStore,
        deployments: DeploymentsService,
        events: DeploymentEvents,
        redis?: RedisConnections,
        fleet?: Fleet,
      ): QueueService =>
        redis && fleet && store instanceof RedisDeploymentStore
          ? new RedisQueueService(redis, configured, store, deployments, events, fleet)
          : new MemoryQueueService(configured, deployments),
    },
  ],
  exports: [QueueService, WorkerService],
})
export class QueueModule {}
