import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { findComposeWarnings } from '../inspect/compose-warnings.finder.js';
import { withDependencies } from '../inspect/dependencies.js';
import { ImageCompleteness } from '../images/image-completeness.js';
import { Startability } from './startability.js';
import { orRefused } from './derivation.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, ContainerSummary, ImageInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';
import type { Member, Members } from '../cutover/member.js';
import { UpdateError } from '../update/outcome.js';
import { pairOf } from '../update/pair.js';
import { proofOfUpdate } from '../rules/proof-policy.js';
import { leftStopped } from './stopped.js';
import { Replacements } from './replacements.js';
import type { RunningUpdate } from '../update/running-update.js';
import { assertUnchanged } from '../cutover/swap.js';
import { needsStandIn } from '../cutover/stand-in.js';
import { parkedName, replacementName } from '../update/temporary-names.js';
import { nameOf } from '../engine/container.js';
import type { Subject, Subjects } from '../update/subject.js';
import { labels } from '../update/labels.js';

/** Everything that can be done while the old containers still serve: the replacements are created beside them and checked. */
@Injectable()
export class Preparation {
  constructor(
    private readonly engine: Engine,
    private readonly images: ImageCompleteness,
    private readonly startability: Startability,
    private readonly replacements: Replacements,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'proofTimeoutMs' | 'unhealthyGraceMs'>,
  ) {}

  /**
   * @param present all containers of the engine, as a list shows them
   * @throws UpdateError with the stage `prepare`: nothing is left of the replacements, the old containers were not touched
   */
  async prepare(
    found: Subjects,
    image: ImageInspect,
    present: readonly ContainerSummary[],
    update: RunningUpdate,
  ): Promise<Members> {
    const { subjects, newImage } = await this.images.ensure(found, image, {
      signal: update.drain.begun,
      hide: update.hide,
    });
    const assured = await this.startability.assure(subjects, update.startStopped);
    update.warn(...(await findComposeWarnings(this.engine, subjects, present)));
    return this.createAll(assured, newImage, update);
  }

  private async createAll(
    [target, ...dependents]: Subjects,
    newImage: ImageInspect,
    update: RunningUpdate,
  ): Promise<Members> {
    const subjects = [target, ...dependents];
    let begun = 1;
    let standIn: ContainerInspect | undefined;
    try {
      if (needsStandIn(target.old)) standIn = await this.standInFor(target);
      const members: [Member, ...Member[]] = [
        await this.member({ ...target, standIn }, newImage, update, {
          dependents: dependents.map(({ old }) => nameOf(old)),
        }),
      ];
      for (const { old, oldImage } of dependents) {
        begun += 1;
        // Nobody has pushed anything for them: they stay on the image that they run.
        const moved = withDependencies(
          old,
          members.map(({ pair }) => pair),
        );
        members.push(await this.member({ old: moved, oldImage }, oldImage, update, { dependent: nameOf(old) }));
      }
      for (const { old } of subjects) await assertUnchanged(this.engine, old);
      if (update.drain.begun.aborted) {
        throw new UpdateError(
          'interrupted',
          'prepare',
          'the service stops; the update was given up before anything was stopped',
        );
      }
      return members;
    } catch (error) {
      // What another instance has created is not ours to remove, nor can anything of ours stand behind it in the order.
      const isTheirs = error instanceof UpdateError && error.code === 'another_instance';
      const ours = isTheirs ? subjects.slice(0, begun - 1) : subjects.slice(0, begun);
      for (const { old } of ours.toReversed()) await this.discard(replacementName(nameOf(old), old.Id), old.Id);
      if (standIn) {
        await this.discard(replacementName(nameOf(target.old), standIn.Id), standIn.Id);
        await this.discard(parkedName(nameOf(target.old), standIn.Id), target.old.Id);
      }
      throw error;
    }
  }

  private async member(
    subject: Subject,
    image: ImageInspect,
    update: RunningUpdate,
    { dependents = [], dependent }: { dependents?: string[]; dependent?: string },
  ): Promise<Member> {
    const { warnings, ...created } = await this.replacements.create(subject, image, dependents);
    const { replacement, options } = created;
    update.warn(...warnings.map((warning) => (dependent === undefined ? warning : `${dependent}: ${warning}`)));
    const { old, standIn = old } = subject;
    const isTarget = dependent === undefined;
    const startStopped = isTarget && (update.startStopped || options.startStopped);
    if (isTarget && !old.State.Running && !startStopped) update.warn(leftStopped(old, subject.cannotStart));
    const policy = orRefused(() =>
      proofOfUpdate(replacement, options, this.settings, old.State.Health?.Status === 'unhealthy'),
    );
    return { ...created, old, pair: pairOf(old, replacement, { oldId: standIn.Id, startStopped }), policy };
  }

  /** Made like a replacement, and so that a recovery takes it for one until it has its name. */
  private async standInFor(subject: Subject): Promise<ContainerInspect> {
    const { replacement } = await this.replacements.create(subject, subject.oldImage, []);
    const name = parkedName(nameOf(subject.old), replacement.Id);
    await this.engine.renameContainer(replacement.Id, name);
    return { ...replacement, Name: `/${name}` };
  }

  /** By name and mark, for the answer to a create may have been lost. */
  private async discard(name: string, oldId: string): Promise<void> {
    const replacement = await find(this.engine, name);
    if (replacement && nameOf(replacement) === name && replacement.Config.Labels?.[labels.replaces] === oldId)
      await this.engine.removeContainer(replacement.Id);
  }
}
