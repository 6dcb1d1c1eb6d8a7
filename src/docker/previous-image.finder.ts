import { Injectable } from '@nestjs/common';
import { Engine } from './engine.js';
import type { ImageInspect } from './engine-types.js';
import { ImagePuller } from './image-puller.js';
import type { Subject } from './inspection.js';
import { labels } from './labels.js';
import { findImage } from './find.js';
import { UpdateError } from './outcome.js';
import { nameOf } from './pair.js';
import { isRecorded, previousImageTag } from './previous-image.js';
import type { RunningUpdate } from './running-update.js';

/** Finds the image that a container ran before its last update: the way back that `POST /rollback/{container}` takes. */
@Injectable()
export class PreviousImageFinder {
  constructor(
    private readonly engine: Engine,
    private readonly puller: ImagePuller,
  ) {}

  /**
   * The image by its local tag; where that is gone or means another one, by its id or its digest; and where the engine has
   * it no more, anew from the registry.
   * @throws UpdateError `no_previous_image`, or whatever a pull may fail with
   */
  async find({ old, oldImage }: Subject, update: RunningUpdate): Promise<ImageInspect> {
    const record = old.Config.Labels?.[labels.previous];
    if (record === undefined) {
      throw missing(
        `${nameOf(old)} does not know of an image before its present one: it was not updated by this service since it was created`,
      );
    }
    const { repo, tag } = previousImageTag(nameOf(old));
    const kept = await findImage(this.engine, `${repo}:${tag}`);
    if (kept && isRecorded(record, kept)) return kept;
    return (await findImage(this.engine, record)) ?? (await this.pull(record, oldImage, update));
  }

  private async pull(record: string, oldImage: ImageInspect, { drain, report }: RunningUpdate): Promise<ImageInspect> {
    if (!record.includes('@')) {
      throw missing(`the image ${record}, which ran before, is gone from the engine, and no registry had it`);
    }
    try {
      const platform = this.engine.foreignPlatform(oldImage);
      await this.puller.pull({ image: record, platform, signal: drain.begun }, report.progress);
    } catch (error) {
      if (!(error instanceof UpdateError) || error.code !== 'pull_not_found') throw error;
      throw missing(
        `the image ${record}, which ran before, is gone from the engine, and from the registry too: ${error.message}`,
        error,
      );
    }
    return this.engine.inspectImage(record);
  }
}

function missing(message: string, cause?: unknown): UpdateError {
  return new UpdateError('no_previous_image', 'pull', message, { cause });
}
