import { Injectable } from '@nestjs/common';
import type { Member } from '../cutover/member.js';
import { holdBackAliases } from '../cutover/start-first.js';
import { nameOf } from '../engine/container.js';
import { Engine } from '../engine/engine.js';
import type { ImageInspect } from '../engine/engine-types.js';
import { withLentTag } from '../images/lent-tag.js';
import type { ContainerSpec } from '../recreate/create-request.js';
import { carriedVolumes } from '../recreate/renewed-volumes.js';
import type { UpdateOptions } from '../rules/update-options.js';
import type { Subject } from '../update/subject.js';
import { replacementName } from '../update/temporary-names.js';
import { carryFiles, findCopiedFiles } from './carried-files.js';
import { Derivation, startFirstRefused } from './derivation.js';
import { hiddenFiles } from './hidden-files.js';
import { assertFaithful, creationFailure, type ReplacementRequest } from './replacement-request.js';

/** The old container serves meanwhile. */
const copiedFilesWithinMs = 120_000;

type CreatedReplacement = Pick<Member, 'replacement' | 'options' | 'handOver' | 'undecided'> & { warnings: string[] };

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
  async create(subject: Subject, image: ImageInspect, dependents: readonly string[]): Promise<CreatedReplacement> {
    const request = await this.request(subject, image, dependents);
    const { Id, Warnings } = await this.make(request);
    const replacement = await this.engine.inspectContainer(Id);
    const differences = assertFaithful(request, replacement);
    return {
      replacement,
      options: request.options,
      handOver: request.handOver,
      undecided: request.spec.undecided,
      warnings: [...request.warnings, ...(Warnings ?? []), ...differences],
    };
  }

  /** Looks, and creates nothing. */
  private async request(
    subject: Subject,
    image: ImageInspect,
    dependents: readonly string[],
  ): Promise<ReplacementRequest> {
    const { old, oldImage } = subject;
    const isUpdate = image.Id !== old.Image;
    const { spec, options, swarmScopedNetworks } = await this.derivation.derive(subject, image);
    const handOver = isUpdate ? await this.holdBack(subject, spec, options, dependents) : [];
    const copied = await findCopiedFiles(this.engine, { old, oldImage }, options, copiedFilesWithinMs);
    const hidden = isUpdate ? await hiddenFiles(this.engine, old, carriedVolumes(spec.create), [oldImage, image]) : [];
    const warnings = [...spec.warnings, ...copied.warnings, ...hidden];
    return { subject, image, spec, options, swarmScopedNetworks, handOver, copied, warnings };
  }

  /** Creates it, puts it on its networks and copies its files. */
  private async make({ subject, image, spec, copied }: ReplacementRequest): ReturnType<Engine['createContainer']> {
    const { old, oldImage, standIn } = subject;
    const name = replacementName(nameOf(old), (standIn ?? old).Id);
    const platform = this.engine.foreignPlatform(oldImage);
    const create = (): ReturnType<Engine['createContainer']> =>
      this.engine.createContainer(name, spec.create, platform);
    const created = await withLentTag(this.engine, old, image, create).catch((error: unknown) => {
      throw creationFailure(old, error);
    });
    for (const { network, endpoint } of spec.connections)
      await this.engine.connectNetwork(network, created.Id, endpoint);
    for (const network of spec.disconnections) await this.engine.disconnectNetwork(network, created.Id);
    await carryFiles(this.engine, old, copied.files, created.Id);
    return created;
  }

  /**
   * For `start-first`: takes the names that clients resolve out of the request. Answers what is to be handed over later.
   * @throws UpdateError `refused` if two of the container cannot run at once
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
}
