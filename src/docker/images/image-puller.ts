import { Inject, Injectable, Logger } from '@nestjs/common';
import { deadline, limited } from '../../common/deadline.js';
import { settings, type Settings } from '../../config/settings.js';
import { assertRoomForPull } from './disk-space.js';
import { EngineError, EngineTimeout, EngineUnreachable } from '../engine/engine-error.js';
import { Engine } from '../engine/engine.js';
import type { Descriptor, Distribution } from '../engine/engine-types.js';
import { formatImageReference, parseImageReference, pullParameters, type ImageReference } from './image-reference.js';
import { UpdateError } from '../update/outcome.js';
import { pullFailure } from './pull-failure.js';
import { readPullStream, type PullResult } from './pull-stream.js';
import { encodeRegistryAuth, secretsIn } from './registry/registry-credentials.js';
import { registryLogin, type RegistrySettings } from './registry/registry-login.js';
import { throttled } from '../../common/throttled.js';
import type { LayerProgress } from '../update/running-update.js';

const progressIntervalMs = 500;

export interface PullTarget {
  /** The reference, as the container has it. */
  image: string;
  /** `os/arch`, where it is not the engine's own. */
  platform?: string;
  signal: AbortSignal;
  /** Told the credentials, wherever they come from, before they are used. */
  hide: (secrets: string[]) => void;
}

/** What a registry serves for a reference, and the credentials that it was asked with, as `X-Registry-Auth` holds them. */
export interface Served {
  descriptor: Descriptor;
  platforms: NonNullable<Distribution['Platforms']>;
  registryAuth?: string;
}

/** Pulls images with the registry's credentials, read anew for each pull: they may be replaced at any time. */
@Injectable()
export class ImagePuller {
  private readonly logger = new Logger('Pull');

  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY)
    private readonly settings: Pick<Settings, 'pullTimeoutMs' | 'pullIdleTimeoutMs' | 'minFreeDiskBytes' | 'engine'> &
      RegistrySettings,
  ) {}

  /**
   * @param onProgress called twice a second at most
   * @throws UpdateError with the stage `pull`, or with the code `interrupted` once `signal` is aborted
   */
  async pull({ platform, ...target }: PullTarget, onProgress: (progress: LayerProgress) => void): Promise<PullResult> {
    await assertRoomForPull(this.engine, this.settings);
    return this.withCredentials('pulling', target, async (reference, registryAuth, either) => {
      const parameters = { ...pullParameters(reference), platform };
      const stream = await this.begin((silence) =>
        this.engine.pullImage(parameters, registryAuth, AbortSignal.any([either, silence])),
      );
      return readPullStream(stream, {
        idleTimeoutMs: this.settings.pullIdleTimeoutMs,
        signal: either,
        onProgress: throttled(onProgress, progressIntervalMs),
      });
    });
  }

  /** An engine that cannot reach the registry may be silent from the first: it has as long for its answer as between two lines of it. */
  private async begin<T>(call: (silence: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, end } = limited(this.settings.pullIdleTimeoutMs);
    try {
      return await call(signal);
    } finally {
      end();
    }
  }

  /**
   * What the registry serves for a reference, an index or a manifest; nothing is pulled.
   * @throws UpdateError as `pull` does
   */
  ask(target: PullTarget): Promise<Served> {
    return this.withCredentials('asking the registry for', target, async (reference, registryAuth, either) => {
      const { Descriptor, Platforms } = await this.engine.inspectDistribution(
        formatImageReference(reference),
        registryAuth,
        either,
      );
      return { descriptor: Descriptor, platforms: Platforms ?? [], registryAuth };
    });
  }

  private async withCredentials<T>(
    doing: string,
    { image, signal, hide }: PullTarget,
    call: (reference: ImageReference, registryAuth: string | undefined, either: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const reference = parseImageReference(image);
    const found = await registryLogin(this.settings, reference, signal);
    if (found) hide(secretsIn(found.credentials));
    const source = found ? `the credentials of ${found.source}` : 'no credentials';
    this.logger.debug(`${doing} ${formatImageReference(reference)} with ${source}`);
    const timeout = deadline(this.settings.pullTimeoutMs);
    try {
      return await call(reference, found && encodeRegistryAuth(found.credentials), AbortSignal.any([signal, timeout]));
    } catch (error) {
      if (signal.aborted)
        throw new UpdateError('interrupted', 'pull', 'the service stops; the pull was given up', { cause: error });
      if (timeout.aborted) {
        throw new UpdateError(
          'pull_timeout',
          'pull',
          `${doing} ${image} took longer than ${this.settings.pullTimeoutMs / 1000} s`,
          { cause: error },
        );
      }
      throw explain(error, `${doing} ${image} with ${source}`);
    }
  }
}

function explain(error: unknown, attempt: string): unknown {
  const failure = error instanceof EngineError ? pullFailure(error.detail, error.statusCode) : error;
  if (failure instanceof UpdateError) {
    return new UpdateError(failure.code, 'pull', `${attempt} failed: ${failure.message}`, {
      cause: error,
      passes: failure.passes,
      retryAt: failure.retryAt,
    });
  }
  if (failure instanceof EngineUnreachable) return failure;
  if (failure instanceof EngineTimeout) {
    const message = `${attempt} took too long; see that the engine reaches the registry`;
    return new UpdateError('pull_timeout', 'pull', message, { cause: error, passes: true });
  }
  return new UpdateError('pull_failed', 'pull', `${attempt} failed: ${(error as Error).message}`, { cause: error });
}
