import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { awaitEngine } from './update/await-engine.js';
import { composeWarnings } from './inspect/compose-warnings.js';
import { Disclosure } from './report/disclosure.js';
import { EngineLock } from './instance/engine-lock.js';
import { Engine } from './engine/engine.js';
import type { ImageInspect } from './engine/engine-types.js';
import { failureOf } from './report/failure.js';
import { ImageCompleteness } from './images/image-completeness.js';
import { registryDigest, sameImage } from './images/image-identity.js';
import { Inspection, type Permission } from './inspect/inspection.js';
import { UpdateError, type FailureCode, type UpdateOutcome } from './update/outcome.js';
import { OtherInstances } from './instance/other-instances.js';
import { Preparation } from './prepare/preparation.js';
import { PreviousImageFinder } from './inspect/previous-image.finder.js';
import { Recovery } from './recovery/recovery.js';
import { acquitImage, assertNotRejected } from './images/rejected-image.js';
import { Replacing } from './cutover/replacing.js';
import { RunningUpdate, type Report } from './update/running-update.js';
import { Starting } from './runner/starting.js';
import { Startability } from './prepare/startability.js';
import { SelfUpdate } from './instance/self-update.js';
import type { SelfUpdateResult } from './instance/self-update-result.js';
import { ServiceUpdates } from './swarm/service-updates.js';
import type { ServiceInspect } from './engine/swarm-types.js';
import { TagPuller, type Expected } from './images/tag-puller.js';
import { TargetResolver, type TargetType } from './inspect/target-resolver.js';
import type { Drain } from './engine/shutdown-signals.js';
import { nameOf } from './engine/container.js';
import type { Subject } from './update/subject.js';

/** After these failures the engine may hold remains of the update that could not be cleared away. */
const mayLeaveRemains = new Set<FailureCode>([
  'engine_unreachable',
  'engine_timeout',
  'engine_error',
  'internal_error',
]);

/** What is known of those who asked for an update. */
export interface UpdateRequest {
  mayUpdate: Permission;
  /** By what the caller knows the update; comes back with the result where the service replaces itself. */
  reference: string;
  /** The registry's digest that must come out; without it, whatever the tag means. */
  expectedDigest?: string;
  /** Whether an image from which the last update was rolled back is tried again. */
  retry?: boolean;
  /** Whether a container that does not run is started. */
  startStopped?: boolean;
  /** Whether that is looked for the last time. */
  isLastLook?: boolean;
  /** What the name has to mean; without it a container is taken before a service of a Swarm. */
  target?: TargetType;
}

export interface Recovered {
  /** The names of containers that need a repair by hand. */
  undone: string[];
  /** How updates of the service's own container ended meanwhile. */
  selfUpdates: SelfUpdateResult[];
}

/** What an update and a rollback do in their own ways. */
interface Way {
  /** Finds the image that a container is to run, in the stage `pull`. */
  findImage: (target: Subject) => Promise<ImageInspect>;
  /** Has a service run another image, from the stage `inspect` on to the end. */
  changeService: (service: ServiceInspect) => Promise<UpdateOutcome>;
}

/**
 * Updates one container, or one service of a Swarm: pulls the image that it is configured with and, where it changed, puts a replacement in its
 * place. The old container is kept until the replacement has proved itself; whatever fails before, it runs again, itself.
 */
@Injectable()
export class DockerService {
  private mayHoldRemains = true;

  constructor(
    private readonly engine: Engine,
    private readonly recovery: Recovery,
    private readonly inspection: Inspection,
    private readonly puller: TagPuller,
    private readonly previousImages: PreviousImageFinder,
    private readonly images: ImageCompleteness,
    private readonly starting: Starting,
    private readonly startability: Startability,
    private readonly preparation: Preparation,
    private readonly replacing: Replacing,
    private readonly disclosure: Disclosure,
    private readonly lock: EngineLock,
    private readonly others: OtherInstances,
    private readonly selfUpdate: SelfUpdate,
    private readonly targets: TargetResolver,
    private readonly services: ServiceUpdates,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engineWaitMs'>,
  ) {}

  /** @throws EngineUnreachable, EngineTimeout or EngineError where the engine does not answer well */
  ping(signal?: AbortSignal): Promise<void> {
    return this.engine.ping(signal);
  }

  /** Whether an interrupted update may be there that has not been put right: at the start, and after some failures. */
  get mustRecover(): boolean {
    return this.mayHoldRemains;
  }

  /** @throws UpdateError `another_instance` where another container of this service works on the engine; where the engine is away */
  async assertAlone(): Promise<void> {
    await this.engine.connect();
    await this.others.assertNone(await this.engine.listContainers());
  }

  /**
   * Puts right what interrupted updates left behind.
   * @throws where the engine is away, and where another instance works on it
   */
  async recover(drain: Drain): Promise<Recovered> {
    await this.engine.connect(drain.begun);
    const selfUpdates = await this.selfUpdate.awaitHelpers(drain);
    const { undone } = await this.lock.hold(drain, async () => {
      const present = await this.engine.listContainers();
      await this.others.assertNone(present);
      return this.recovery.run(present, drain);
    });
    this.mayHoldRemains = false;
    return { undone, selfUpdates };
  }

  /** Never throws: expected failures and bugs alike are outcomes. */
  update(name: string, report: Report, drain: Drain, request: UpdateRequest): Promise<UpdateOutcome> {
    const update = new RunningUpdate(report, drain, 'update', request.startStopped);
    return this.run(name, update, request, {
      findImage: (target) => this.pull(target, update, request),
      changeService: (service) => this.services.update(service, update, expectedOf(request)),
    });
  }

  /** Goes back to the image that ran before, by the very way of an update. Never throws. */
  rollBack(name: string, report: Report, drain: Drain, request: UpdateRequest): Promise<UpdateOutcome> {
    const update = new RunningUpdate(report, drain, 'rollback');
    return this.run(name, update, request, {
      findImage: (target) => this.findPrevious(target, update),
      changeService: (service) => this.services.rollBack(service, update),
    });
  }

  private async run(name: string, update: RunningUpdate, request: UpdateRequest, way: Way): Promise<UpdateOutcome> {
    const { drain } = update;
    try {
      update.hide(await this.disclosure.ownSecrets());
      await awaitEngine(this.engine, this.settings.engineWaitMs, drain);
      await update.enter('recover');
      const done = await this.lock.hold(drain, () => this.work(name, update, request, way));
      // Waited for without the lock, which the helper needs.
      return 'helperId' in done ? { ...update.findings, ...(await this.selfUpdate.end(done.helperId, drain)) } : done;
    } catch (error) {
      const failure = failureOf(error, update);
      if (mayLeaveRemains.has(failure.error.code)) this.mayHoldRemains = true;
      return { ...update.findings, ...failure };
    }
  }

  private async work(
    name: string,
    update: RunningUpdate,
    { mayUpdate, reference, target: kind }: UpdateRequest,
    { findImage, changeService }: Way,
  ): Promise<UpdateOutcome | { helperId: string }> {
    let present = await this.engine.listContainers();
    await this.others.assertNone(present, name);
    const { repaired } = await this.recovery.run(present, update.drain, name);
    if (repaired.length > 0) present = await this.engine.listContainers();
    await update.enter('inspect');
    const found = await this.targets.find(name, kind, mayUpdate);
    if (found.service) return changeService(found.service);
    const subjects = await this.inspection.inspect(found.container, present, update.findings, mayUpdate);
    const [target] = subjects;
    update.findings.fromDigest = registryDigest(target.oldImage, target.old.Config.Image);
    // Takes the engine longest of all looks, so that it is begun first; it never throws.
    const namesake = kind === undefined ? this.targets.namesakeOf(name) : [];
    for (const subject of subjects) update.hide(this.disclosure.secretsOf(subject));
    await update.enter('pull');
    const [newImage, warnings] = await Promise.all([findImage(target), namesake]);
    update.warn(...warnings);
    if (sameImage(target.old, newImage)) return this.starting.finish(subjects, update);
    await update.enter('prepare');
    if (target.isOwn) return { helperId: await this.selfUpdate.begin(target.old, reference) };
    const complete = await this.images.ensure(subjects, newImage, {
      signal: update.drain.begun,
      hide: update.hide,
    });
    const assured = await this.startability.assure(complete.subjects, update.startStopped);
    update.warn(
      ...composeWarnings(
        subjects.map(({ old }) => old),
        present,
      ),
    );
    const members = await this.preparation.prepare(assured, complete.newImage, update);
    const { outcome, leavesRemains } = await this.replacing.replace(members, update);
    if (leavesRemains) this.mayHoldRemains = true;
    if (outcome.status === 'succeeded')
      await acquitImage(this.engine, nameOf(target.old), newImage.Id).catch(() => undefined);
    return outcome;
  }

  private async findPrevious(target: Subject, update: RunningUpdate): Promise<ImageInspect> {
    if (target.isOwn) {
      throw new UpdateError(
        'refused',
        'pull',
        'the container of this service is not rolled back by itself; recreate it by hand from the image that ran before',
      );
    }
    const image = await this.previousImages.find(target, update);
    update.findings.toImageId = image.Id;
    return image;
  }

  private async pull(
    { old, oldImage }: Subject,
    { findings, drain, report, hide }: RunningUpdate,
    request: UpdateRequest,
  ): Promise<ImageInspect> {
    const target = {
      image: old.Config.Image,
      platform: this.engine.foreignPlatform(oldImage),
      signal: drain.begun,
      hide,
    };
    const { image, digest, bytes } = await this.puller.pull(target, report.progress, expectedOf(request));
    Object.assign(findings, { digest, pulledBytes: bytes, toImageId: image.Id });
    if (!request.retry && !sameImage(old, image)) {
      const container = { name: nameOf(old), reference: old.Config.Image, id: old.Id, imageId: old.Image };
      await assertNotRejected(this.engine, container, image);
    }
    return image;
  }
}

function expectedOf({ expectedDigest, isLastLook = false }: UpdateRequest): Expected | undefined {
  return expectedDigest === undefined ? undefined : { digest: expectedDigest, isLastLook };
}
