import { Injectable } from '@nestjs/common';
import { Cutover } from '../cutover/cutover.js';
import { Engine } from '../engine/engine.js';
import type { ContainerSummary } from '../engine/engine-types.js';
import { registryDigest, sameImage } from '../images/image-identity.js';
import { findingsOf, Inspection, type Permission } from '../inspect/inspection.js';
import { TargetResolver, type Target } from '../inspect/target-resolver.js';
import { OtherInstances } from '../instance/other-instances.js';
import { SelfUpdate } from '../instance/self-update.js';
import { Preparation } from '../prepare/preparation.js';
import { Recovery } from '../recovery/recovery.js';
import { Disclosure } from '../report/disclosure.js';
import type { UpdateOutcome } from '../update/outcome.js';
import type { RunningUpdate } from '../update/running-update.js';
import type { Subjects } from '../update/subject.js';
import { Starting } from './starting.js';
import type { UpdateRequest } from './update-request.js';
import type { UpdateSource } from './update-source.js';

/** How the stages ended; or, where the service replaces itself, the container of the helper that does it. */
export type RunResult = { outcome: UpdateOutcome; leavesRemains: boolean } | { helperId: string };

/** Runs the stages of one update in their order. Its caller holds the engine's lock and has entered `recover`. */
@Injectable()
export class UpdateRunner {
  constructor(
    private readonly engine: Engine,
    private readonly others: OtherInstances,
    private readonly recovery: Recovery,
    private readonly targets: TargetResolver,
    private readonly inspection: Inspection,
    private readonly disclosure: Disclosure,
    private readonly starting: Starting,
    private readonly preparation: Preparation,
    private readonly cutover: Cutover,
    private readonly selfUpdate: SelfUpdate,
  ) {}

  /** @throws UpdateError, or what the engine fails with, before anything is stopped */
  async run(name: string, update: RunningUpdate, request: UpdateRequest, source: UpdateSource): Promise<RunResult> {
    const present = await this.recover(name, update);

    await update.enter('inspect');
    const found = await this.targets.find(name, request.target, request.mayUpdate);
    if (found.service) return ended(await source.changeService(found.service, update, request));
    const subjects = await this.inspect(found, present, request.mayUpdate, update);
    const [target] = subjects;
    // Takes the engine longest of all looks, so that it is begun first; it never throws.
    const namesake = request.target === undefined ? this.targets.namesakeOf(name) : [];

    await update.enter('pull');
    const [newImage, warnings] = await Promise.all([source.findImage(target, update, request), namesake]);
    update.warn(...warnings);
    if (sameImage(target.old, newImage)) return ended(await this.starting.finish(subjects, update));

    await update.enter('prepare');
    if (target.isOwn) return { helperId: await this.selfUpdate.begin(target.old, request.reference) };
    const members = await this.preparation.prepare(subjects, newImage, present, update);

    return this.cutover.run(members, update);
  }

  /** Puts right what interrupted updates of this container left behind. Answers all containers of the engine. */
  private async recover(name: string, { drain }: RunningUpdate): Promise<readonly ContainerSummary[]> {
    const present = await this.engine.listContainers();
    await this.others.assertNone(present, name);
    const { repaired } = await this.recovery.run(present, drain, name);
    return repaired.length > 0 ? this.engine.listContainers() : present;
  }

  private async inspect(
    { container }: Extract<Target, { service?: undefined }>,
    present: readonly ContainerSummary[],
    mayUpdate: Permission,
    update: RunningUpdate,
  ): Promise<Subjects> {
    update.note(findingsOf(container));
    const subjects = await this.inspection.inspect(container, present, mayUpdate);
    const [{ old, oldImage }] = subjects;
    update.note({ fromDigest: registryDigest(oldImage, old.Config.Image) });
    for (const subject of subjects) update.hide(this.disclosure.secretsOf(subject));
    return subjects;
  }
}

function ended(outcome: UpdateOutcome): RunResult {
  return { outcome, leavesRemains: false };
}
