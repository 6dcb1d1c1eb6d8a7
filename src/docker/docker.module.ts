import { Module } from '@nestjs/common';
import { ContainerRules } from './container-rules.js';
import { Disclosure } from './disclosure.js';
import { DockerService } from './docker.service.js';
import { Engine } from './engine.js';
import { ImagePuller } from './image-puller.js';
import { Inspection } from './inspection.js';
import { Preparation } from './preparation.js';
import { PreviousImageFinder } from './previous-image.finder.js';
import { Recovery } from './recovery.js';
import { Replacements } from './replacements.js';
import { Replacing } from './replacing.js';

@Module({
  providers: [
    ContainerRules,
    Disclosure,
    DockerService,
    Engine,
    ImagePuller,
    Inspection,
    Preparation,
    PreviousImageFinder,
    Recovery,
    Replacements,
    Replacing,
  ],
  exports: [DockerService],
})
export class DockerModule {}
