import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { containerSpec } from './container-spec.js';
import { EngineError } from './engine-error.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { compareReplacement } from './fidelity.js';
import { find } from './find.js';
import type { Subject } from './inspection.js';
import type { Members } from './member.js';
import { UpdateError } from './outcome.js';
import { nameOf, pairOf } from './pair.js';
import { proofPolicy, type ProofPolicy } from './proof-policy.js';
import type { RunningUpdate } from './running-update.js';
import { assertUnchanged } from './swap.js';
import { replacementName } from './temporary-names.js';
import { optionsOf } from './update-options.js';

/** Everything that can be done while the old container still serves: the replacement is created beside it and checked. */
@Injectable()
export class Preparation {
  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'settleTimeMs' | 'proofTimeoutMs'>,
  ) {}

  /** @throws UpdateError with the stage `prepare`: nothing is left of the replacement, the old container was not touched */
  async prepare({ old, oldImage }: Subject, newImage: ImageInspect, update: RunningUpdate): Promise<Members> {
    try {
      const { replacement, warnings } = await this.create(old, oldImage, newImage);
      update.warn(...warnings);
      const policy = this.policyFor(replacement, old);
      await assertUnchanged(this.engine, old);
      if (update.drain.begun.aborted) {
        throw new UpdateError(
          'interrupted',
          'prepare',
          'the service stops; the update was given up before anything was stopped',
        );
      }
      return [{ old, replacement, pair: pairOf(old, replacement), policy }];
    } catch (error) {
      await this.discard(replacementName(nameOf(old), old.Id));
      throw error;
    }
  }

  private async create(
    old: ContainerInspect,
    oldImage: ImageInspect,
    newImage: ImageInspect,
  ): Promise<{ replacement: ContainerInspect; warnings: string[] }> {
    const [swarmScopedNetworks, donors] = await Promise.all([this.swarmScopedNetworks(old), this.donors(old)]);
    const spec = containerSpec({
      old,
      oldImage,
      newImage,
      apiVersion: this.engine.version,
      swarmScopedNetworks,
      donors,
    });
    const platform = this.engine.foreignPlatform(oldImage);
    const created = await this.engine
      .createContainer(replacementName(nameOf(old), old.Id), spec.create, platform)
      .catch((error: unknown) => {
        if (!(error instanceof EngineError)) throw error;
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
    const replacement = await this.engine.inspectContainer(created.Id);
    if (replacement.Image !== newImage.Id) {
      throw new UpdateError(
        'container_changed',
        'prepare',
        `the tag ${old.Config.Image} was moved by somebody else during the update; the next notify takes the newer image`,
      );
    }
    const { lost, warnings } = compareReplacement(old, oldImage, replacement, { swarmScopedNetworks });
    if (lost.length > 0) {
      throw new UpdateError(
        'not_faithful',
        'prepare',
        `the replacement would lose what was set: ${lost.join('; ')}. Nothing was touched; recreate the container by hand`,
      );
    }
    return { replacement, warnings: [...spec.warnings, ...(created.Warnings ?? []), ...warnings] };
  }

  /** Overlays: while attached, inspect shows the address that was given out as if it had been asked for. */
  private async swarmScopedNetworks(old: ContainerInspect): Promise<Set<string>> {
    const builtIn = ['bridge', 'host', 'none'];
    const names = Object.keys(old.NetworkSettings.Networks ?? {}).filter((name) => !builtIn.includes(name));
    const networks = await Promise.all(names.map((name) => this.engine.inspectNetwork(name)));
    return new Set(networks.filter(({ Scope }) => Scope === 'swarm').map(({ Name }) => Name));
  }

  /** The containers of `--volumes-from` that are still there: the engine refuses a request that names one that is gone. */
  private async donors(old: ContainerInspect): Promise<ContainerInspect[]> {
    const names = (old.HostConfig.VolumesFrom ?? []).map((donor) => donor.split(':')[0] ?? '');
    const found = await Promise.all(names.map((name) => find(this.engine, name)));
    return found.filter((donor) => donor !== undefined);
  }

  /** By name, for the answer to a create may have been lost. */
  private async discard(name: string): Promise<void> {
    const replacement = await find(this.engine, name);
    if (replacement && nameOf(replacement) === name) await this.engine.removeContainer(replacement.Id);
  }

  private policyFor(replacement: ContainerInspect, old: ContainerInspect): ProofPolicy {
    try {
      const options = optionsOf(nameOf(old), replacement, this.settings);
      return proofPolicy(replacement, options, this.settings, old.State.Health?.Status === 'unhealthy');
    } catch (error) {
      throw new UpdateError('refused', 'prepare', (error as Error).message, { cause: error });
    }
  }
}
