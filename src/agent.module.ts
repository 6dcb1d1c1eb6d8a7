import { Module } from '@nestjs/common';
import { SettingsModule } from './config/settings.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { QueueModule } from './queue/queue.module.js';
import { RedisModule } from './redis/redis.module.js';

/** What works for one engine of a fleet: without HTTP, and without callers of its own. */
@Module({ imports: [SettingsModule, RedisModule, QueueModule, NotificationsModule] })
export class AgentModule {}
