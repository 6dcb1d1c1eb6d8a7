import { Module } from '@nestjs/common';
import { DeploymentEvents } from './deployment-events.js';
import { DeploymentStore } from './deployment-store.js';
import { DeploymentsService } from './deployments.service.js';
import { MemoryDeploymentStore } from './memory.deployment-store.js';
import { WaitingRoom } from './waiting-room.service.js';

@Module({
  providers: [
    DeploymentsService,
    DeploymentEvents,
    WaitingRoom,
    { provide: DeploymentStore, useClass: MemoryDeploymentStore },
  ],
  exports: [DeploymentsService, DeploymentEvents, WaitingRoom],
})
export class DeploymentsModule {}
