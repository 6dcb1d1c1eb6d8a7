import { Module } from '@nestjs/common';
import { ContainerRules } from './container-rules.js';
import { Derivation } from './derivation.js';
import { DigestLooks } from './digest-looks.js';
import { Disclosure } from './disclosure.js';
import { DockerService } from './docker.service.js';
import { EngineLock } from './engine-lock.js';
import { Engine } from './engine.js';
import { ImageCompleteness } from './image-completeness.js';
import { ImagePuller } from './image-puller.js';
import { Inspection } from './inspection.js';
import { Inventory } from './inventory.js';
import { OtherInstances } from './other-instances.js';
import { Planner } from './planner.js';
import { Preparation } from './preparation.js';
import { PreviousImageFinder } from './previous-image.finder.js';
import { Recovery } from './recovery.js';
import { Replacements } from './replacements.js';
import { Replacing } from './replacing.js';
import { SocketWatch } from './socket-watch.js';
import { SelfUpdate } from './self-update.js';
import { Starting } from './starting.js';
import { Startability } from './startability.js';
import { Surroundings } from './surroundings.js';
import { ServiceInspection } from './swarm/service-inspection.js';
import { ServiceUpdates } from './swarm/service-updates.js';
import { SwarmManager } from './swarm/swarm-manager.js';
import { TagPuller } from './tag-puller.js';
import { TargetResolver } from './targets.js';

@Module({
  providers: [
    ContainerRules,
    Derivation,
    DigestLooks,
    Disclosure,
    DockerService,
    Engine,
    EngineLock,
    SocketWatch,
    ImageCompleteness,
    ImagePuller,
    Inspection,
    Inventory,
    OtherInstances,
    Planner,
    Preparation,
    PreviousImageFinder,
    Recovery,
    Replacements,
    Replacing,
    SelfUpdate,
    ServiceInspection,
    ServiceUpdates,
    Startability,
    Starting,
    Surroundings,
    SwarmManager,
    TagPuller,
    TargetResolver,
  ],
  exports: [DockerService, Inventory, Planner],
})
export class DockerModule {}
