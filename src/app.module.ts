import { Module } from '@nestjs/common';
import { SettingsModule } from './config/settings.module.js';
import { DeploymentsModule } from './deployments/deployments.module.js';
import { HealthModule } from './health/health.module.js';
import { NotifyModule } from './notify/notify.module.js';

@Module({ imports: [SettingsModule, NotifyModule, DeploymentsModule, HealthModule] })
export class AppModule {}
