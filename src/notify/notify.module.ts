import { Module } from '@nestjs/common';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { AcceptingService } from './accepting.service.js';
import { NotifyController } from './notify.controller.js';
import { RollbackController } from './rollback.controller.js';

@Module({
  imports: [DeploymentsModule, QueueModule],
  controllers: [NotifyController, RollbackController],
  providers: [AcceptingService],
})
export class NotifyModule {}
