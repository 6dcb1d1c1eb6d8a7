import { Inject, Injectable, Logger } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { assertRoomForPull } from './disk-space.js';
import { EngineError, EngineUnreachable } from './engine-error.js';
import { Engine } from './engine.js';
import { formatImageReference, parseImageReference, pullParameters } from './image-reference.js';
import { UpdateError } from './outcome.js';
import { pullFailure, readPullStream, type PullProgress, type PullResult } from './pull-stream.js';
import { encodeRegistryAuth } from './registry-credentials.js';
import { registryLogin, type RegistrySettings } from './registry-login.js';
import { throttled } from './throttled.js';

const progressIntervalMs = 500;

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
   * @param image the reference as the container has it
   * @param platform `os/arch`, where it is not the engine's own
   * @param onProgress called twice a second at most
   * @throws UpdateError with the stage `pull`, or with the code `interrupted` once `signal` is aborted
   */
  async pull(
    image: string,
    platform: string | undefined,
    signal: AbortSignal,
    onProgress: (progress: PullProgress) => void,
  ): Promise<PullResult> {
    const reference = parseImageReference(image);
    await assertRoomForPull(this.engine, this.settings);
    const found = await registryLogin(this.settings, reference, signal);
    const source = found ? `the credentials of ${found.source}` : 'no credentials';
    this.logger.debug(`pulling ${formatImageReference(reference)} with ${source}`);
    const timeout = AbortSignal.timeout(this.settings.pullTimeoutMs);
    const either = AbortSignal.any([signal, timeout]);
    try {
      const stream = await this.engine.pullImage(
        { ...pullParameters(reference), platform },
        found && encodeRegistryAuth(found.credentials),
        either,
      );
      return await readPullStream(stream, {
        idleTimeoutMs: this.settings.pullIdleTimeoutMs,
        signal: either,
        onProgress: throttled(onProgress, progressIntervalMs),
      });
    } catch (error) {
      if (signal.aborted)
        throw new UpdateError('interrupted', 'pull', 'the service stops; the pull was given up', { cause: error });
      if (timeout.aborted) {
        throw new UpdateError(
          'pull_timeout',
          'pull',
          `pulling ${image} took longer than ${this.settings.pullTimeoutMs / 1000} s`,
          { cause: error },
        );
      }
      throw explain(error, image, source);
    }
  }
}

function explain(error: unknown, image: string, source: string): unknown {
  const failure = error instanceof EngineError ? pullFailure(error.detail, error.statusCode) : error;
  if (failure instanceof UpdateError) {
    return new UpdateError(failure.code, 'pull', `pulling ${image} with ${source} failed: ${failure.message}`, {
      cause: error,
    });
  }
  if (failure instanceof EngineUnreachable) return failure;
  return new UpdateError('pull_failed', 'pull', `pulling ${image} failed: ${(error as Error).message}`, {
    cause: error,
  });
}
