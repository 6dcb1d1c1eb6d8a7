import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { DockerModule } from '../docker/docker.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { HealthController } from './health.controller.js';

@Module({
  imports: [TerminusModule.forRoot({ logger: false }), QueueModule, DockerModule],
  controllers: [HealthController],
})
export class HealthModule {}
