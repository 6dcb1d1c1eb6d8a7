import { Module } from '@nestjs/common';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { NotifyController } from './notify.controller.js';

@Module({ imports: [DeploymentsModule, QueueModule], controllers: [NotifyController] })
export class NotifyModule {}
