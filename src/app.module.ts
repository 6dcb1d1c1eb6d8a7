import { Module } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import { SettingsModule } from './config/settings.module.js';
import { DeploymentsModule } from './deployments/deployments.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { NotifyModule } from './notify/notify.module.js';

@Module({
  imports: [
    SettingsModule,
    AuthModule,
    NotifyModule,
    DeploymentsModule,
    HealthModule,
    MetricsModule,
    NotificationsModule,
  ],
})
export class AppModule {}
