import { Injectable } from '@nestjs/common';
import { ContainerRules } from '../rules/container-rules.js';
import { containerSpec, type ContainerSpec } from '../recreate/create-request.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { exclusive } from '../inspect/start-first-check.js';
import { find } from '../engine/find.js';
import { labels } from '../update/labels.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { UpdateError } from '../update/outcome.js';
import { previousRecord } from '../images/previous-image.js';
import { renewVolumes } from '../recreate/renewed-volumes.js';
import type { UpdateOptions } from '../rules/update-options.js';
import { nameOf } from '../engine/container.js';
import type { Subject } from '../update/subject.js';

/** What a replacement is to be like, and how it is to get there. */
export interface Derived {
  spec: ContainerSpec;
  options: UpdateOptions;
  swarmScopedNetworks: ReadonlySet<string>;
}

/** Derives replacements from what the engine shows. It reads, and touches nothing: the plan of an update needs it too. */
@Injectable()
export class Derivation {
  constructor(
    private readonly engine: Engine,
    private readonly rules: ContainerRules,
  ) {}

  /**
   * @param plansUpdate whether it is for the plan of an update, of which the image is not known yet
   * @throws UpdateError `refused` where what is said of the container's update cannot be understood, or granted
   */
  async derive({ old, oldImage, standIn, dead }: Subject, image: ImageInspect, plansUpdate = false): Promise<Derived> {
    this.assertStaysEligible({ old, oldImage }, image);
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
      replaces: (standIn ?? old).Id,
      engineHostname,
    });
    const all = { ...image.Config?.Labels, ...old.Config.Labels };
    const wished = orRefused(() => this.rules.optionsOf(nameOf(old), labelsOfUser(old, oldImage), all));
    const options = dead && old.State.Running ? besideDead(old, wished) : wished;
    if (standIn) assertCanVanish(old, options);
    // One that stays on its image has no other files there.
    if (image.Id === old.Image && !plansUpdate) return { spec, options, swarmScopedNetworks };
    const { create, warnings } = orRefused(() => renewVolumes(spec.create, old, options.renewVolumes));
    return { spec: { ...spec, create, warnings: [...spec.warnings, ...warnings] }, options, swarmScopedNetworks };
  }

  /** @throws UpdateError `refused` if the image would make the container one that must not be updated */
  assertStaysEligible({ old, oldImage }: Subject, image: ImageInspect): void {
    const reason = orRefused(() => this.rules.refusalOfNewImage(old, oldImage, image));
    if (reason === undefined) return;
    throw new UpdateError(
      'refused',
      'prepare',
      `${nameOf(old)} ${reason}. Nothing was touched; take the label out of the image, or set another value on the container`,
    );
  }

  /**
   * Why two of a container cannot run at once, as `start-first` has them; undefined where they can.
   * @param dependents the names of the containers that cannot do without it
   */
  async whyNotTwo(
    { old, dead }: Pick<Subject, 'old' | 'dead'>,
    { sharesVolumes }: Pick<UpdateOptions, 'sharesVolumes'>,
    dependents: readonly string[],
  ): Promise<string | undefined> {
    const { Swarm } = await this.engine.info();
    const isSwarmActive = !['', 'inactive', undefined].includes(Swarm?.LocalNodeState);
    const leavesDeadNetwork = dead?.includes('NetworkMode');
    return exclusive(old, { sharesVolumes, isSwarmActive, dependents, leavesDeadNetwork });
  }

  /** Overlays: while attached, inspect shows the address that was given out as if it had been asked for. */
  private async swarmScopedNetworks(old: ContainerInspect): Promise<Set<string>> {
    if (!old.State.Running) return new Set();
    const names = Object.entries(old.NetworkSettings.Networks ?? {})
      .filter(([, { NetworkID }]) => !isLocalNetwork(NetworkID))
      .map(([name]) => name);
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
}

/**
 * A network of the engine's own has an id of 64 hexadecimal digits (moby, pkg/stringid), one of the Swarm another
 * (swarmkit, identity): an engine without Swarm need not be asked.
 */
function isLocalNetwork(id = ''): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}

/** @throws UpdateError `refused` with what `read` throws: a wish that cannot be understood, or granted */
export function orRefused<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UpdateError('refused', 'prepare', (error as Error).message, { cause: error });
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

/**
 * Stopped, a container in a namespace that is no more could not be started again: its replacement proves itself beside it.
 * @throws UpdateError if the container is to be kept, or vanishes, when it stops
 */
function besideDead(old: ContainerInspect, options: UpdateOptions): UpdateOptions {
  if (old.HostConfig.AutoRemove) throw besideDeadRefused(old, 'it was run with --rm');
  if (options.onFailure === 'stop') throw besideDeadRefused(old, `of its label ${labels.onFailure}=stop`);
  return { ...options, order: 'start-first', drainMs: 0 };
}

function besideDeadRefused(container: ContainerInspect, reason: string): UpdateError {
  return new UpdateError(
    'refused',
    'prepare',
    `${nameOf(container)} shares a namespace of a container that is gone, so that it could not be started again. Its replacement cannot be proved beside it, because ${reason}. Nothing was touched; recreate the container, for instance with docker compose up -d`,
  );
}

/** Says that `start-first` is wished for, or needed, and that two of the container cannot run at once. */
export function startFirstRefused({ old, dead }: Pick<Subject, 'old' | 'dead'>, reason: string): UpdateError {
  if (dead) return besideDeadRefused(old, reason);
  return new UpdateError(
    'refused',
    'prepare',
    `${nameOf(old)} cannot be updated with ${labels.order}=start-first: ${reason}. Nothing was touched; take the label away, or what it names`,
  );
}
