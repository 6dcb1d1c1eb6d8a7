import type { Subject, Subjects } from '../update/subject.js';
import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { ContainerRules } from '../rules/container-rules.js';
import { dependenciesOf, dependentsAmong } from './dependencies.js';
import type { EligibilityContext } from '../rules/eligibility.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, ContainerSummary, ImageInspect } from '../engine/engine-types.js';
import { find, findImage } from '../engine/find.js';
import { UpdateError, type Findings } from '../update/outcome.js';
import { Surroundings } from '../instance/surroundings.js';
import { nameOf } from '../engine/container.js';

/** Whether those who asked for an update may have all of these containers updated. */
export type Permission = (names: readonly string[]) => boolean;

/** How many containers are inspected at a time in search of dependents: a host may have hundreds. */
const inspectedAtOnce = 16;

/** Looks at what is to be updated, and refuses what must not be touched, before anything is pulled. */
@Injectable()
export class Inspection {
  /**
   * The ids of containers that were seen to depend on no other. Namespaces and legacy links are given to a container when it
   * is created, and never afterwards.
   */
  private standAlone: ReadonlySet<string> = new Set();

  constructor(
    private readonly engine: Engine,
    private readonly rules: ContainerRules,
    private readonly surroundings: Surroundings,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'selfUpdate'>,
  ) {}

  /**
   * @param old the container that is to be updated
   * @param present every container of the engine, as a list has them
   * @param mayUpdate whether those who asked for the update may have all of these containers updated
   * @throws UpdateError with the stage `inspect`
   */
  async inspect(old: ContainerInspect, present: readonly ContainerSummary[], mayUpdate: Permission): Promise<Subjects> {
    return this.amongAll(old, [old, ...(await this.mayDepend(present, old.Id))], mayUpdate);
  }

  /**
   * The same where the containers have been inspected.
   * @param all the container itself, and all that may depend on it at least
   * @throws UpdateError with the stage `inspect`
   */
  async amongAll(old: ContainerInspect, all: readonly ContainerInspect[], mayUpdate: Permission): Promise<Subjects> {
    await this.rules.refresh();
    const context = await this.surroundings.among(all);
    const oldImage = await findImage(this.engine, old.Image);
    const refusal = this.rules.refusalOf(old, oldImage, { ...context, maySelfUpdate: this.settings.selfUpdate });
    if (refusal) throw new UpdateError(refusal.code, 'inspect', refusal.reason);
    const following: Followed[] = [];
    for (const dependent of dependentsAmong(all, old))
      following.push({ old: dependent, oldImage: await findImage(this.engine, dependent.Image) });
    this.assertMayFollow(following, old, context, mayUpdate);
    assertNoneVanishes([old, ...following.map((dependent) => dependent.old)]);
    const dependents = following.map(withImage);
    return [{ ...withImage({ old, oldImage }), isOwn: old.Id === context.selfId }, ...dependents];
  }

  /** The id of the container that this process runs in, if it does. */
  async ownId(all: readonly ContainerInspect[]): Promise<string | undefined> {
    return (await this.surroundings.among(all)).selfId;
  }

  /** Every container of the engine, inspected. */
  async all(): Promise<ContainerInspect[]> {
    return this.inspectAll((await this.engine.listContainers()).map(({ Id }) => Id));
  }

  /**
   * The others, inspected, without those that are known to stand alone: a list does not tell whose namespaces a container
   * shares, and to inspect hundreds for each update takes longer than all the rest of it.
   */
  private async mayDepend(present: readonly ContainerSummary[], targetId: string): Promise<ContainerInspect[]> {
    const ids = present.map(({ Id }) => Id);
    const found = await this.inspectAll(ids.filter((id) => id !== targetId && !this.standAlone.has(id)));
    const alone = new Set(found.filter((container) => dependenciesOf(container).length === 0).map(({ Id }) => Id));
    this.standAlone = new Set(ids.filter((id) => alone.has(id) || this.standAlone.has(id)));
    return found.filter(({ Id }) => !alone.has(Id));
  }

  /** Those of the containers that are still there. */
  private async inspectAll(ids: readonly string[]): Promise<ContainerInspect[]> {
    const all: ContainerInspect[] = [];
    for (let at = 0; at < ids.length; at += inspectedAtOnce) {
      const found = await Promise.all(ids.slice(at, at + inspectedAtOnce).map((id) => find(this.engine, id)));
      all.push(...found.filter((container) => container !== undefined));
    }
    if (all.length < ids.length) await this.inspectAgain(ids, all);
    return all;
  }

  /** What is said to be gone is gone from the list too: a dependent that was overlooked would lose its network. */
  private async inspectAgain(ids: readonly string[], all: ContainerInspect[]): Promise<void> {
    const seen = new Set(all.map(({ Id }) => Id));
    const present = new Set((await this.engine.listContainers()).map(({ Id }) => Id));
    for (const id of ids.filter((one) => !seen.has(one) && present.has(one))) {
      const container = await find(this.engine, id);
      if (container) all.push(container);
    }
  }

  /** A dependent that runs a pinned image may follow: it stays on it. */
  private assertMayFollow(
    dependents: readonly Followed[],
    target: ContainerInspect,
    context: EligibilityContext,
    mayUpdate: Permission,
  ): void {
    for (const { old: dependent, oldImage } of dependents) {
      if (dependent.Id === context.selfId)
        throw new UpdateError(
          'refused',
          'inspect',
          `${nameOf(dependent)}, the container of this service, depends on ${nameOf(target)} and would stop in the middle of its update; update ${nameOf(target)} by hand, then recreate ${nameOf(dependent)}`,
        );
      const refusal = this.rules.refusalOf(dependent, oldImage, context);
      if (refusal?.code !== 'refused') continue;
      throw new UpdateError(
        'refused',
        'inspect',
        `${nameOf(dependent)} depends on ${nameOf(target)} and would have to be replaced with it, but ${refusal.reason}`,
      );
    }
    const names = dependents.map(({ old }) => nameOf(old));
    if (names.length > 0 && !mayUpdate([nameOf(target), ...names])) {
      throw new UpdateError(
        'refused',
        'inspect',
        `${names.join(', ')} would have to be replaced with ${nameOf(target)}, and none of those who asked for this update may update all of them; grant it, or ask with a token that may`,
      );
    }
  }
}

/** What a record says of a container before anything is known of its image. */
export function findingsOf({ Id, Image, Config }: Pick<ContainerInspect, 'Id' | 'Image' | 'Config'>): Findings {
  return { image: Config.Image, fromImageId: Image, containerId: Id };
}

/** A container, and the image that it runs, if that is still there. */
type Followed = Omit<Subject, 'oldImage'> & { oldImage: ImageInspect | undefined };

/** @throws UpdateError `refused` if the image is gone */
function withImage({ old, oldImage }: Followed): Subject {
  if (oldImage) return { old, oldImage };
  throw new UpdateError(
    'refused',
    'inspect',
    `the image that ${nameOf(old)} runs is no longer on the engine, so that its defaults cannot be told from what was set; recreate the container once by hand`,
  );
}

/** What depends on a container depends on this very one, so that a copy that comes back in its place would not do. */
function assertNoneVanishes(members: readonly ContainerInspect[]): void {
  const vanishing = members.find(({ HostConfig }) => HostConfig.AutoRemove);
  if (!vanishing || members.length === 1) return;
  throw new UpdateError(
    'refused',
    'inspect',
    `${nameOf(vanishing)} was run with --rm and shares namespaces with ${members.length === 2 ? 'another container' : 'others'} of this update, which could not be rolled back together; run it without --rm`,
  );
}
