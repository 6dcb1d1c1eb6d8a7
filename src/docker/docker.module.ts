import { Module } from '@nestjs/common';
import { ContainerRules } from './rules/container-rules.js';
import { Derivation } from './prepare/derivation.js';
import { DigestLooks } from './images/digest-looks.js';
import { Disclosure } from './report/disclosure.js';
import { DockerService } from './docker.service.js';
import { EngineLock } from './instance/engine-lock.js';
import { Engine } from './engine/engine.js';
import { ImageCompleteness } from './images/image-completeness.js';
import { ImagePuller } from './images/image-puller.js';
import { Inspection } from './inspect/inspection.js';
import { Inventory } from './inspect/inventory.js';
import { OtherInstances } from './instance/other-instances.js';
import { Planner } from './plan/planner.js';
import { Preparation } from './prepare/preparation.js';
import { PreviousImageFinder } from './inspect/previous-image.finder.js';
import { Recovery } from './recovery/recovery.js';
import { Replacements } from './prepare/replacements.js';
import { Cutover } from './cutover/cutover.js';
import { UpdateRollback } from './cutover/update-rollback.js';
import { SocketWatch } from './instance/socket-watch.js';
import { SelfUpdate } from './instance/self-update.js';
import { PreviousUpdateSource } from './runner/previous.update-source.js';
import { RegistryUpdateSource } from './runner/registry.update-source.js';
import { Starting } from './runner/starting.js';
import { UpdateRunner } from './runner/update-runner.js';
import { Startability } from './prepare/startability.js';
import { Surroundings } from './instance/surroundings.js';
import { ServiceInspection } from './swarm/service-inspection.js';
import { ServiceUpdates } from './swarm/service-updates.js';
import { SwarmManager } from './swarm/swarm-manager.js';
import { TagPuller } from './images/tag-puller.js';
import { TargetResolver } from './inspect/target-resolver.js';

@Module({
  providers: [
    ContainerRules,
    Derivation,
    DigestLooks,
    Disclosure,
    DockerService,
    PreviousUpdateSource,
    RegistryUpdateSource,
    UpdateRunner,
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
    Cutover,
    UpdateRollback,
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
