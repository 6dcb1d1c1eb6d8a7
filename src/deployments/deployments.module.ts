import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeploymentStore } from './deployment-store.js';
import { DeploymentsController } from './deployments.controller.js';
import { DeploymentsService } from './deployments.service.js';
import { MemoryDeploymentStore } from './memory.deployment-store.js';

@Module({
  imports: [AuthModule],
  controllers: [DeploymentsController],
  providers: [DeploymentsService, { provide: DeploymentStore, useClass: MemoryDeploymentStore }],
  exports: [DeploymentsService],
})
export class DeploymentsModule {}
