import { Module } from '@nestjs/common';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { NotificationsService } from './notifications.service.js';

@Module({ imports: [DeploymentsModule], providers: [NotificationsService] })
export class NotificationsModule {}
