import { Module } from '@nestjs/common';
import { ContainerRules } from './container-rules.js';
import { Derivation } from './derivation.js';
import { Disclosure } from './disclosure.js';
import { DockerService } from './docker.service.js';
import { EngineLock } from './engine-lock.js';
import { Engine } from './engine.js';
import { ImagePuller } from './image-puller.js';
import { Inspection } from './inspection.js';
import { OtherInstances } from './other-instances.js';
import { Planner } from './planner.js';
import { Preparation } from './preparation.js';
import { PreviousImageFinder } from './previous-image.finder.js';
import { Recovery } from './recovery.js';
import { Replacements } from './replacements.js';
import { Replacing } from './replacing.js';
import { SelfUpdate } from './self-update.js';
import { Surroundings } from './surroundings.js';
import { TagPuller } from './tag-puller.js';

@Module({
  providers: [
    ContainerRules,
    Derivation,
    Disclosure,
    DockerService,
    Engine,
    EngineLock,
    ImagePuller,
    Inspection,
    OtherInstances,
    Planner,
    Preparation,
    PreviousImageFinder,
    Recovery,
    Replacements,
    Replacing,
    SelfUpdate,
    Surroundings,
    TagPuller,
  ],
  exports: [DockerService, Planner],
})
export class DockerModule {}
