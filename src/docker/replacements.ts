import { Injectable } from '@nestjs/common';
import { carryInjectedFiles } from './carried-files.js';
import { ContainerRules } from './container-rules.js';
import { containerSpec, type ContainerSpec } from './container-spec.js';
import { EngineError } from './engine-error.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { exclusive } from './exclusive.js';
import { compareReplacement } from './fidelity.js';
import { find, findImage } from './find.js';
import { isPinned, parseImageReference, repositoryOf } from './image-reference.js';
import type { Subject } from './inspection.js';
import { labels } from './labels.js';
import type { Member } from './member.js';
import { UpdateError } from './outcome.js';
import { nameOf } from './pair.js';
import { previousRecord } from './previous-image.js';
import { holdBackAliases, nameless } from './start-first.js';
import { replacementName } from './temporary-names.js';
import type { UpdateOptions } from './update-options.js';

/** Creates the replacement of a container beside it, and refuses one that would lose what was set. */
@Injectable()
export class Replacements {
  constructor(
    private readonly engine: Engine,
    private readonly rules: ContainerRules,
  ) {}

  /**
   * @param image what the replacement is to run: its reference, at the moment, names this image, or is made to
   * @param dependents the names of the containers that cannot do without it
   * @throws UpdateError with the stage `prepare`; what was created may be there still
   */
  async create(
    { old, oldImage, standIn }: Subject,
    image: ImageInspect,
    dependents: readonly string[],
  ): Promise<Pick<Member, 'replacement' | 'options' | 'handOver' | 'undecided'> & { warnings: string[] }> {
    const [swarmScopedNetworks, donors, engineHostname] = await Promise.all([
      this.swarmScopedNetworks(old),
      this.donors(old),
      this.engineHostname(old),
    ]);
    const spec = containerSpec({
      old,
      oldImage,
      newImage: image,
      apiVersion: this.engine.version,
      swarmScopedNetworks,
      donors,
      // One that stays on its image goes on remembering the one before.
      previous: image.Id === old.Image ? undefined : previousRecord(old.Config.Image, oldImage),
      engineHostname,
    });
    const options = orRefused(() => this.rules.optionsOf(nameOf(old), merged(spec, image)));
    if (standIn) assertCanVanish(old, options);
    const handOver = image.Id === old.Image ? [] : await this.holdBack(old, spec, options, dependents);
    const platform = this.engine.foreignPlatform(oldImage);
    const create = (): ReturnType<Engine['createContainer']> =>
      this.engine.createContainer(replacementName(nameOf(old), (standIn ?? old).Id), spec.create, platform);
    const created = await this.named(old.Config.Image, image.Id, create).catch((error: unknown) => {
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
    await carryInjectedFiles(this.engine, old, created.Id);
    const replacement = await this.engine.inspectContainer(created.Id);
    if (replacement.Image !== image.Id) {
      throw new UpdateError(
        'container_changed',
        'prepare',
        `the tag ${old.Config.Image} was moved by somebody else during the update; the next notify takes the newer image`,
      );
    }
    const { lost, warnings } = compareReplacement(handOver.length > 0 ? nameless(old) : old, oldImage, replacement, {
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
    const all = [...spec.warnings, ...(created.Warnings ?? []), ...warnings];
    return { replacement, options, handOver, undecided, warnings: all };
  }

  /**
   * For `start-first`: takes the names that clients resolve out of the request. Answers what is to be handed over later.
   * @throws UpdateError `refused` where two of the container cannot run at once
   */
  private async holdBack(
    old: ContainerInspect,
    spec: ContainerSpec,
    { order, sharesVolumes }: UpdateOptions,
    dependents: readonly string[],
  ): Promise<Member['handOver']> {
    if (order === 'stop-first' || !old.State.Running) return [];
    const { Swarm } = await this.engine.info();
    const isSwarmActive = !['', 'inactive', undefined].includes(Swarm?.LocalNodeState);
    const reason = exclusive(old, { sharesVolumes, isSwarmActive, dependents });
    if (reason !== undefined) {
      throw new UpdateError(
        'refused',
        'prepare',
        `${nameOf(old)} cannot be updated with ${labels.order}=start-first: ${reason}. Nothing was touched; take the label away, or what it names`,
      );
    }
    return holdBackAliases(spec, nameOf(old));
  }

  /** Overlays: while attached, inspect shows the address that was given out as if it had been asked for. */
  private async swarmScopedNetworks(old: ContainerInspect): Promise<Set<string>> {
    const builtIn = ['bridge', 'host', 'none'];
    const names = Object.keys(old.NetworkSettings.Networks ?? {}).filter((name) => !builtIn.includes(name));
    const networks = await Promise.all(names.map((name) => this.engine.inspectNetwork(name)));
    return new Set(networks.filter(({ Scope }) => Scope === 'swarm').map(({ Name }) => Name));
  }

  /** On the host's network, inspect shows the host's name as if the container had it. */
  private async engineHostname({ HostConfig }: ContainerInspect): Promise<string | undefined> {
    return HostConfig.NetworkMode === 'host' ? (await this.engine.info()).Name : undefined;
  }

  /** The containers of `--volumes-from` that are still there: the engine refuses a request that names one that is gone. */
  private async donors(old: ContainerInspect): Promise<ContainerInspect[]> {
    const names = (old.HostConfig.VolumesFrom ?? []).map((donor) => donor.split(':')[0] ?? '');
    const found = await Promise.all(names.map((name) => find(this.engine, name)));
    return found.filter((donor) => donor !== undefined);
  }

  /**
   * Creates from a reference as if it named this image. The engine keeps the reference that a container was created
   * from, which is what the next update follows, so that creating by id is no way out where the tag has moved on: it is
   * lent to the image for that moment. A kill in between leaves it there, and the next pull moves it again.
   */
  private async named<T>(reference: string, imageId: string, create: () => Promise<T>): Promise<T> {
    const present = await findImage(this.engine, reference);
    if (present?.Id === imageId || isPinned(reference, imageId)) return create();
    const parsed = parseImageReference(reference);
    const tag = { repo: repositoryOf(parsed), tag: parsed.tag ?? 'latest' };
    await this.engine.tagImage(imageId, tag);
    try {
      return await create();
    } finally {
      if (present) await this.engine.tagImage(present.Id, tag);
    }
  }
}

/** @throws UpdateError `refused` where it is to be kept, or to serve on, after the moment in which it vanishes */
function assertCanVanish(old: ContainerInspect, { order, onFailure }: UpdateOptions): void {
  const wish =
    order === 'start-first'
      ? `${labels.order}=start-first`
      : onFailure === 'stop'
        ? `${labels.onFailure}=stop`
        : undefined;
  if (wish === undefined) return;
  throw new UpdateError(
    'refused',
    'prepare',
    `${nameOf(old)} was run with --rm, which excludes ${wish}: stopped, it is gone. Nothing was touched; take the label away, or run it without --rm`,
  );
}

/** Labels as the engine will merge them: those of the image, and over them those of the request. */
function merged({ create }: ContainerSpec, image: ImageInspect): Pick<ContainerInspect, 'Config'> {
  return { Config: { Image: create.Image ?? '', Labels: { ...image.Config?.Labels, ...create.Labels } } };
}

/** @throws UpdateError `refused` with what `read` throws: a wish that cannot be understood, or granted */
export function orRefused<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UpdateError('refused', 'prepare', (error as Error).message, { cause: error });
  }
}
