import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { awaitEngine } from './await-engine.js';
import { Disclosure } from './disclosure.js';
import { Engine } from './engine.js';
import type { ImageInspect } from './engine-types.js';
import { failureOf } from './failure.js';
import { registryDigest, sameImage } from './image-identity.js';
import { ImagePuller } from './image-puller.js';
import { Inspection, type Permission, type Subject } from './inspection.js';
import type { Drain, FailureCode, UpdateOutcome } from './outcome.js';
import { Preparation } from './preparation.js';
import { PreviousImageFinder } from './previous-image.finder.js';
import { Recovery } from './recovery.js';
import { Replacing } from './replacing.js';
import { RunningUpdate, type Report } from './running-update.js';

/** After these failures the engine may hold remains of the update that could not be cleared away. */
const mayLeaveRemains = new Set<FailureCode>([
  'engine_unreachable',
  'engine_timeout',
  'engine_error',
  'internal_error',
]);

/** Finds the image that a container is to run, in the stage `pull`. */
type FindImage = (target: Subject) => Promise<ImageInspect>;

/**
 * Updates one container: pulls the image that it is configured with and, where it changed, puts a replacement in its
 * place. The old container is kept until the replacement has proved itself; whatever fails before, it runs again, itself.
 */
@Injectable()
export class DockerService {
  private mayHoldRemains = true;

  constructor(
    private readonly engine: Engine,
    private readonly recovery: Recovery,
    private readonly inspection: Inspection,
    private readonly puller: ImagePuller,
    private readonly previousImages: PreviousImageFinder,
    private readonly preparation: Preparation,
    private readonly replacing: Replacing,
    private readonly disclosure: Disclosure,
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

  /** Puts right what interrupted updates left behind. @throws where the engine is away */
  async recover(drain: Drain): Promise<void> {
    await this.engine.connect(drain.begun);
    await this.recovery.run(drain);
    this.mayHoldRemains = false;
  }

  /** Never throws: expected failures and bugs alike are outcomes. */
  update(name: string, report: Report, drain: Drain, mayUpdate: Permission): Promise<UpdateOutcome> {
    const update = new RunningUpdate(report, drain);
    return this.run(name, update, mayUpdate, (target) => this.pull(target, update));
  }

  /** Goes back to the image that ran before, by the very way of an update. Never throws. */
  rollBack(name: string, report: Report, drain: Drain, mayUpdate: Permission): Promise<UpdateOutcome> {
    const update = new RunningUpdate(report, drain);
    return this.run(name, update, mayUpdate, (target) => this.findPrevious(target, update));
  }

  private async run(
    name: string,
    update: RunningUpdate,
    mayUpdate: Permission,
    find: FindImage,
  ): Promise<UpdateOutcome> {
    const { drain } = update;
    try {
      await awaitEngine(this.engine, this.settings.engineWaitMs, drain);
      await update.enter('recover');
      await this.recovery.run(drain, name);
      await update.enter('inspect');
      const subjects = await this.inspection.inspect(name, update.findings, mayUpdate);
      const [target] = subjects;
      update.findings.fromDigest = registryDigest(target.oldImage, target.old.Config.Image);
      update.mask = await this.disclosure.maskFor(target.old, target.oldImage);
      await update.enter('pull');
      const newImage = await find(target);
      if (sameImage(target.old, newImage)) {
        return { ...update.findings, status: 'succeeded', result: 'up_to_date', running: target.old.State.Running };
      }
      await update.enter('prepare');
      const members = await this.preparation.prepare(subjects, newImage, update);
      const { outcome, leavesRemains } = await this.replacing.replace(members, update);
      if (leavesRemains) this.mayHoldRemains = true;
      return outcome;
    } catch (error) {
      const failure = failureOf(error, update);
      if (mayLeaveRemains.has(failure.error.code)) this.mayHoldRemains = true;
      return { ...update.findings, ...failure };
    }
  }

  private async findPrevious(target: Subject, update: RunningUpdate): Promise<ImageInspect> {
    const image = await this.previousImages.find(target, update);
    update.findings.toImageId = image.Id;
    return image;
  }

  private async pull({ old, oldImage }: Subject, { findings, drain, report }: RunningUpdate): Promise<ImageInspect> {
    const platform = this.engine.foreignPlatform(oldImage);
    const { digest, bytes } = await this.puller.pull(old.Config.Image, platform, drain.begun, report.progress);
    const newImage = await this.engine.inspectImage(old.Config.Image);
    Object.assign(findings, { digest, pulledBytes: bytes, toImageId: newImage.Id });
    return newImage;
  }
}
