import { Injectable } from '@nestjs/common';
import { ContainerRules } from '../rules/container-rules.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { ImagePuller } from '../images/image-puller.js';
import { labels } from '../update/labels.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { findImage } from '../engine/find.js';
import { UpdateError } from '../update/outcome.js';
import { isRecorded, previousImageTag } from '../images/previous-image.js';
import type { RunningUpdate } from '../update/running-update.js';
import { nameOf } from '../engine/container.js';
import type { Subject } from '../update/subject.js';

/** Finds the image that a container ran before its last update: the way back that `POST /rollback/{container}` takes. */
@Injectable()
export class PreviousImageFinder {
  constructor(
    private readonly engine: Engine,
    private readonly puller: ImagePuller,
    private readonly rules: ContainerRules,
  ) {}

  /**
   * The image by its local tag; where that is gone or means another one, by its id or its digest; and where the engine has
   * it no more, anew from the registry.
   * @throws UpdateError `no_previous_image`, `refused` where the policy does not let the container run it, or whatever a pull may fail with
   */
  async find({ old, oldImage }: Subject, update: RunningUpdate): Promise<ImageInspect> {
    const { repo, tag } = previousImageTag(nameOf(old));
    const kept = await findImage(this.engine, `${repo}:${tag}`);
    const record = recordOf(old, oldImage, kept);
    if (record === undefined) {
      throw missing(
        `${nameOf(old)} does not know of an image before its present one: it was not updated by this service since it was created`,
      );
    }
    // By its id alone nobody can tell yet where it comes from.
    if (hasRepository(record)) this.assertMayRun(old, [record]);
    const found = kept && isRecorded(record, kept) ? kept : await findImage(this.engine, record);
    const image = found ?? (await this.pull(record, oldImage, update));
    if (!hasRepository(record)) this.assertMayRun(old, [record, ...(image.RepoDigests ?? [])]);
    return image;
  }

  /** @param references what the image is known by: one from an allowed repository will do */
  private assertMayRun(old: ContainerInspect, references: readonly [string, ...string[]]): void {
    const reason = this.rules.refusalOfImage(nameOf(old), references);
    if (reason !== undefined) throw new UpdateError('refused', 'pull', `${nameOf(old)} ${reason}. Nothing was touched`);
  }

  private async pull(
    record: string,
    oldImage: ImageInspect,
    { drain, report, hide }: RunningUpdate,
  ): Promise<ImageInspect> {
    if (!hasRepository(record)) {
      throw missing(`the image ${record}, which ran before, is gone from the engine, and no registry had it`);
    }
    try {
      const platform = this.engine.foreignPlatform(oldImage);
      await this.puller.pull({ image: record, platform, signal: drain.begun, hide }, report.progress);
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

/**
 * What an update wrote into the label. A label that the image has with the same value may be its author's: it counts only
 * where the local tag, which no image can bring along, means the same image. Else an author could close the way back.
 */
function recordOf(old: ContainerInspect, oldImage: ImageInspect, kept: ImageInspect | undefined): string | undefined {
  const written = labelsOfUser(old, oldImage)[labels.previous];
  if (written !== undefined) return written;
  const claimed = old.Config.Labels?.[labels.previous];
  return claimed !== undefined && kept && isRecorded(claimed, kept) ? claimed : undefined;
}

/** Whether a record is `repository@digest`, and not an image's id. */
function hasRepository(record: string): boolean {
  return record.includes('@');
}

function missing(message: string, cause?: unknown): UpdateError {
  return new UpdateError('no_previous_image', 'pull', message, { cause });
}
