import { Module } from '@nestjs/common';
import { ApiModule } from './api/api.module.js';
import { AuthModule } from './auth/auth.module.js';
import { SettingsModule } from './config/settings.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { RedisModule } from './redis/redis.module.js';
import { NotifyModule } from './notify/notify.module.js';

@Module({
  imports: [
    SettingsModule,
    RedisModule,
    AuthModule,
    NotifyModule,
    ApiModule,
    HealthModule,
    MetricsModule,
    NotificationsModule,
  ],
})
export class AppModule {}
