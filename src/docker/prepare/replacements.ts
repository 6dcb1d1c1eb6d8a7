import { Injectable } from '@nestjs/common';
import { carryFiles, findCopiedFiles } from './carried-files.js';
import type { ContainerSpec } from '../recreate/create-request.js';
import { Derivation, startFirstRefused } from './derivation.js';
import { EngineError } from '../engine/engine-error.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { compareReplacement } from '../recreate/verify/compare-replacement.js';
import { findImage } from '../engine/find.js';
import { hiddenFiles } from './hidden-files.js';
import { isTagged } from '../images/image-identity.js';
import { isPinned, parseImageReference, repositoryOf } from '../images/image-reference.js';
import type { Member } from '../cutover/member.js';
import { UpdateError } from '../update/outcome.js';
import { carriedVolumes, withoutRenewed } from '../recreate/renewed-volumes.js';
import { holdBackAliases, nameless } from '../cutover/start-first.js';
import { replacementName } from '../update/temporary-names.js';
import type { UpdateOptions } from '../rules/update-options.js';
import { nameOf } from '../engine/container.js';
import type { Subject } from '../update/subject.js';

/** The old container serves meanwhile. */
const copiedFilesWithinMs = 120_000;

/** Creates the replacement of a container beside it, and refuses one that would lose what was set. */
@Injectable()
export class Replacements {
  constructor(
    private readonly engine: Engine,
    private readonly derivation: Derivation,
  ) {}

  /**
   * @param image what the replacement is to run: its reference, at the moment, names this image, or is made to
   * @param dependents the names of the containers that cannot do without it
   * @throws UpdateError with the stage `prepare`; what was created may be there still
   */
  async create(
    subject: Subject,
    image: ImageInspect,
    dependents: readonly string[],
  ): Promise<Pick<Member, 'replacement' | 'options' | 'handOver' | 'undecided'> & { warnings: string[] }> {
    const { old, oldImage, standIn } = subject;
    const { spec, options, swarmScopedNetworks } = await this.derivation.derive(subject, image);
    const handOver = image.Id === old.Image ? [] : await this.holdBack(subject, spec, options, dependents);
    const copied = await findCopiedFiles(this.engine, { old, oldImage }, options, copiedFilesWithinMs);
    const isUpdate = image.Id !== old.Image;
    const hidden = isUpdate ? await hiddenFiles(this.engine, old, carriedVolumes(spec.create), [oldImage, image]) : [];
    const platform = this.engine.foreignPlatform(oldImage);
    const create = (): ReturnType<Engine['createContainer']> =>
      this.engine.createContainer(replacementName(nameOf(old), (standIn ?? old).Id), spec.create, platform);
    const created = await this.named(old, image, create).catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
      // The name is made of the old container's id, so that it is an update of this very container that has taken it.
      if (error.statusCode === 409 && error.detail.includes('already in use')) {
        throw new UpdateError(
          'another_instance',
          'prepare',
          `another instance of this service is updating ${nameOf(old)}; it is left alone`,
          { cause: error },
        );
      }
      throw new UpdateError(
        'create_failed',
        'prepare',
        `the engine refuses to create the replacement: ${error.detail}`,
        { cause: error },
      );
    });
    for (const { network, endpoint } of spec.connections)
      await this.engine.connectNetwork(network, created.Id, endpoint);
    for (const network of spec.disconnections) await this.engine.disconnectNetwork(network, created.Id);
    await carryFiles(this.engine, old, copied.files, created.Id);
    const replacement = await this.engine.inspectContainer(created.Id);
    if (replacement.Image !== image.Id) {
      throw new UpdateError(
        'container_changed',
        'prepare',
        `the tag ${old.Config.Image} was moved by somebody else during the update; the next notify takes the newer image`,
      );
    }
    const kept = isUpdate ? withoutRenewed(old, options.renewVolumes) : old;
    const { lost, warnings } = compareReplacement(handOver.length > 0 ? nameless(kept) : kept, oldImage, replacement, {
      swarmScopedNetworks,
    });
    if (lost.length > 0) {
      throw new UpdateError(
        'not_faithful',
        'prepare',
        `the replacement would lose what was set: ${lost.join('; ')}. Nothing was touched; recreate the container by hand`,
      );
    }
    const { undecided } = spec;
    const all = [...spec.warnings, ...copied.warnings, ...hidden, ...(created.Warnings ?? []), ...warnings];
    return { replacement, options, handOver, undecided, warnings: all };
  }

  /**
   * For `start-first`: takes the names that clients resolve out of the request. Answers what is to be handed over later.
   * @throws UpdateError `refused` where two of the container cannot run at once
   */
  private async holdBack(
    subject: Subject,
    spec: ContainerSpec,
    options: UpdateOptions,
    dependents: readonly string[],
  ): Promise<Member['handOver']> {
    const { old } = subject;
    if (options.order === 'stop-first' || !old.State.Running) return [];
    const reason = await this.derivation.whyNotTwo(subject, options, dependents);
    if (reason !== undefined) throw startFirstRefused(subject, reason);
    return holdBackAliases(spec, nameOf(old));
  }

  /**
   * Creates from a reference as if it named this image. The engine keeps the reference that a container was created
   * from, which is what the next update follows, so that creating by id is no way out where the tag has moved on: it is
   * lent to the image for that moment. A kill in between leaves it there, and the next pull moves it again.
   */
  private async named<T>(old: ContainerInspect, image: ImageInspect, create: () => Promise<T>): Promise<T> {
    const reference = old.Config.Image;
    // One that differs from what runs was found a moment ago; if its tag has moved since, the replacement shows it.
    if (image.Id !== old.Image && isTagged(image, reference)) return create();
    const present = await findImage(this.engine, reference);
    if (present?.Id === image.Id || isPinned(reference, image.Id)) return create();
    const parsed = parseImageReference(reference);
    const tag = { repo: repositoryOf(parsed), tag: parsed.tag ?? 'latest' };
    await this.engine.tagImage(image.Id, tag);
    try {
      return await create();
    } finally {
      if (present) await this.engine.tagImage(present.Id, tag);
    }
  }
}
