import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { NotifyController } from './notify.controller.js';

@Module({ imports: [AuthModule, DeploymentsModule, QueueModule], controllers: [NotifyController] })
export class NotifyModule {}
