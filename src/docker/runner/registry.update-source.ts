import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { nameOf } from '../engine/container.js';
import { Engine } from '../engine/engine.js';
import type { ImageInspect } from '../engine/engine-types.js';
import type { ServiceInspect } from '../engine/swarm-types.js';
import { sameImage } from '../images/image-identity.js';
import { acquitImage, assertNotRejected, provesItsImage } from '../images/rejected-image.js';
import { TagPuller, type Expected } from '../images/tag-puller.js';
import { ServiceUpdates } from '../swarm/service-updates.js';
import type { UpdateOutcome } from '../update/outcome.js';
import type { RunningUpdate } from '../update/running-update.js';
import type { Subject } from '../update/subject.js';
import type { UpdateRequest } from './update-request.js';
import type { UpdateSource } from './update-source.js';

/** The image that the registry serves under the reference that the container follows. */
@Injectable()
export class RegistryUpdateSource implements UpdateSource {
  constructor(
    private readonly engine: Engine,
    private readonly puller: TagPuller,
    private readonly services: ServiceUpdates,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'settleTimeMs'>,
  ) {}

  async findImage({ old, oldImage }: Subject, update: RunningUpdate, request: UpdateRequest): Promise<ImageInspect> {
    const reference = old.Config.Image;
    // After a repair by hand: an image that runs is not bad, whatever it was rolled back for.
    if (provesItsImage(old, this.settings.settleTimeMs, Date.now()))
      await acquitImage(this.engine, nameOf(old), oldImage).catch(() => undefined);
    const target = {
      image: reference,
      platform: this.engine.foreignPlatform(oldImage),
      signal: update.drain.begun,
      hide: update.hide,
    };
    const { image, digest, bytes } = await this.puller.pull(target, update.report.progress, expectedOf(request));
    update.note({ digest, pulledBytes: bytes, toImageId: image.Id });
    if (request.retry || sameImage(old, image)) return image;
    await assertNotRejected(this.engine, { name: nameOf(old), reference, id: old.Id, imageId: old.Image }, image);
    return image;
  }

  changeService(service: ServiceInspect, update: RunningUpdate, request: UpdateRequest): Promise<UpdateOutcome> {
    return this.services.update(service, update, expectedOf(request));
  }
}

function expectedOf({ expectedDigest, isLastLook = false }: UpdateRequest): Expected | undefined {
  return expectedDigest === undefined ? undefined : { digest: expectedDigest, isLastLook };
}
