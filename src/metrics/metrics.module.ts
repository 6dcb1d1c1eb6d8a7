import { Module } from '@nestjs/common';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { DockerModule } from '../docker/docker.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsListener } from './metrics.listener.js';
import { MetricsService } from './metrics.service.js';

@Module({
  imports: [DeploymentsModule, QueueModule, DockerModule],
  controllers: [MetricsController],
  providers: [MetricsService, MetricsListener],
})
export class MetricsModule {}
