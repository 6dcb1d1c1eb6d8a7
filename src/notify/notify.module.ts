import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { NotifyController } from './notify.controller.js';

@Module({ imports: [AuthModule, QueueModule], controllers: [NotifyController] })
export class NotifyModule {}
