import { Module } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { RedisConnections } from '../redis/redis-connections.js';
import { DeploymentEndLog } from './deployment-end-log.js';
import { DeploymentEvents } from './deployment-events.js';
import { DeploymentStore } from './deployment-store.js';
import { DeploymentsService } from './deployments.service.js';
import { MemoryDeploymentStore } from './memory.deployment-store.js';
import { RedisDeploymentEvents } from './redis/redis.deployment-events.js';
import { RedisDeploymentStore } from './redis/redis.deployment-store.js';

@Module({
  providers: [
    DeploymentsService,
    DeploymentEndLog,
    {
      provide: DeploymentEvents,
      inject: [settings.KEY, DeploymentStore, RedisConnections],
      useFactory: (
        configured: Settings,
        store: DeploymentStore,
        redis: RedisConnections | undefined,
      ): DeploymentEvents => (redis ? new RedisDeploymentEvents(redis, store, configured) : new DeploymentEvents()),
    },
    {
      provide: DeploymentStore,
      inject: [settings.KEY, RedisConnections],
      useFactory: (configured: Settings, redis: RedisConnections | undefined): DeploymentStore =>
        redis ? new RedisDeploymentStore(redis, configured) : new MemoryDeploymentStore(configured),
    },
  ],
  exports: [DeploymentsService, DeploymentEvents, DeploymentStore],
})
export class DeploymentsModule {}
