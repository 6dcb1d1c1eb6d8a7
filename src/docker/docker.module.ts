import { Module } from '@nestjs/common';
import { DockerService } from './docker.service.js';
import { Engine } from './engine.js';
import { ImagePuller } from './image-puller.js';
import { Preparation } from './preparation.js';
import { Recovery } from './recovery.js';

@Module({ providers: [DockerService, Engine, ImagePuller, Preparation, Recovery], exports: [DockerService] })
export class DockerModule {}
