import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { DockerModule } from '../docker/docker.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { AcceptingService } from './accepting.service.js';
import { DryRunService } from './dry-run.service.js';
import { NotifyController } from './notify.controller.js';
import { RollbackController } from './rollback.controller.js';
import { WaitingRoom } from './waiting-room.service.js';

@Module({
  imports: [AuthModule, DeploymentsModule, DockerModule, QueueModule],
  controllers: [NotifyController, RollbackController],
  providers: [AcceptingService, DryRunService, WaitingRoom],
  exports: [WaitingRoom],
})
export class NotifyModule {}
