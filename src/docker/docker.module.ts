import { Module } from '@nestjs/common';
import { Disclosure } from './disclosure.js';
import { DockerService } from './docker.service.js';
import { Engine } from './engine.js';
import { ImagePuller } from './image-puller.js';
import { Preparation } from './preparation.js';
import { Recovery } from './recovery.js';

@Module({
  providers: [Disclosure, DockerService, Engine, ImagePuller, Preparation, Recovery],
  exports: [DockerService],
})
export class DockerModule {}
