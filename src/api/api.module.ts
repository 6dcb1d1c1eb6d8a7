import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { NotifyModule } from '../notify/notify.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { DeploymentsController } from './deployments.controller.js';
import { EventStreams } from './event-streams.service.js';
import { OpenApiController } from './openapi.controller.js';

@Module({
  imports: [AuthModule, DeploymentsModule, NotifyModule, QueueModule],
  controllers: [DeploymentsController, OpenApiController],
  providers: [EventStreams],
})
export class ApiModule {}
