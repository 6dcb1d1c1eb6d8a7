import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { containerSpec } from './container-spec.js';
import { EngineError } from './engine-error.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { compareReplacement } from './fidelity.js';
import { UpdateError, type Drain } from './outcome.js';
import { nameOf } from './pair.js';
import { proofPolicy, type ProofPolicy } from './proof-policy.js';
import { find } from './rollback.js';
import { replacementName } from './temporary-names.js';

export interface Prepared {
  replacement: ContainerInspect;
  policy: ProofPolicy;
  warnings: string[];
}

/** Everything that can be done while the old container still serves: the replacement is created beside it and checked. */
@Injectable()
export class Preparation {
  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'settleTimeMs' | 'proofTimeoutMs'>,
  ) {}

  /** @throws UpdateError with the stage `prepare`: nothing is left of the replacement, the old container was not touched */
  async prepare(
    old: ContainerInspect,
    oldImage: ImageInspect,
    newImage: ImageInspect,
    drain: Drain,
  ): Promise<Prepared> {
    const name = nameOf(old);
    const spec = containerSpec({ old, oldImage, newImage, apiVersion: this.engine.version });
    const created = await this.engine
      .createContainer(replacementName(name, old.Id), spec.create, this.engine.foreignPlatform(oldImage))
      .catch((error: unknown) => {
        throw error instanceof EngineError
          ? new UpdateError(
              'create_failed',
              'prepare',
              `the engine refuses to create the replacement: ${error.detail}`,
              { cause: error },
            )
          : error;
      });
    try {
      for (const { network, endpoint } of spec.connections)
        await this.engine.connectNetwork(network, created.Id, endpoint);
      for (const network of spec.disconnections) await this.engine.disconnectNetwork(network, created.Id);
      const replacement = await this.engine.inspectContainer(created.Id);
      const { lost, warnings } = compareReplacement(old, oldImage, replacement);
      if (replacement.Image !== newImage.Id) {
        throw new UpdateError(
          'container_changed',
          'prepare',
          `the tag ${old.Config.Image} was moved by somebody else during the update; the next notify takes the newer image`,
        );
      }
      if (lost.length > 0) {
        throw new UpdateError(
          'not_faithful',
          'prepare',
          `the replacement would lose what was set: ${lost.join('; ')}. Nothing was touched; recreate the container by hand`,
        );
      }
      const policy = this.policyFor(replacement, old);
      if (drain.begun.aborted)
        throw new UpdateError(
          'interrupted',
          'prepare',
          'the service stops; the update was given up before anything was stopped',
        );
      return { replacement, policy, warnings: [...(created.Warnings ?? []), ...warnings] };
    } catch (error) {
      if (await find(this.engine, created.Id)) await this.engine.removeContainer(created.Id);
      throw error;
    }
  }

  private policyFor(replacement: ContainerInspect, old: ContainerInspect): ProofPolicy {
    try {
      return proofPolicy(replacement, this.settings, old.State.Health?.Status === 'unhealthy');
    } catch (error) {
      throw new UpdateError('refused', 'prepare', (error as Error).message, { cause: error });
    }
  }
}
