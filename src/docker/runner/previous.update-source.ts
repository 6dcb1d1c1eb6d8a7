import { Injectable } from '@nestjs/common';
import type { ImageInspect } from '../engine/engine-types.js';
import type { ServiceInspect } from '../engine/swarm-types.js';
import { PreviousImageFinder } from '../inspect/previous-image.finder.js';
import { ServiceUpdates } from '../swarm/service-updates.js';
import { UpdateError, type UpdateOutcome } from '../update/outcome.js';
import type { RunningUpdate } from '../update/running-update.js';
import type { Subject } from '../update/subject.js';
import type { UpdateSource } from './update-source.js';

/** The image that ran before the present one. */
@Injectable()
export class PreviousUpdateSource implements UpdateSource {
  constructor(
    private readonly images: PreviousImageFinder,
    private readonly services: ServiceUpdates,
  ) {}

  async findImage(target: Subject, update: RunningUpdate): Promise<ImageInspect> {
    if (target.isOwn) {
      throw new UpdateError(
        'refused',
        'pull',
        'the container of this service is not rolled back by itself; recreate it by hand from the image that ran before',
      );
    }
    const image = await this.images.find(target, update);
    update.note({ toImageId: image.Id });
    return image;
  }

  changeService(service: ServiceInspect, update: RunningUpdate): Promise<UpdateOutcome> {
    return this.services.rollBack(service, update);
  }
}
