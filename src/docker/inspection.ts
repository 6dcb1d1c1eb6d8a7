import { Injectable } from '@nestjs/common';
import { ineligible } from './eligibility.js';
import { hasStatus } from './engine-error.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { find } from './find.js';
import { UpdateError, type Findings } from './outcome.js';
import { nameOf } from './pair.js';

/** A container that is to be replaced, and the image that it runs. */
export interface Subject {
  old: ContainerInspect;
  oldImage: ImageInspect;
}

/** Looks at what is to be updated, and refuses what must not be touched, before anything is pulled. */
@Injectable()
export class Inspection {
  constructor(private readonly engine: Engine) {}

  /** @throws UpdateError with the stage `inspect` */
  async inspect(name: string, findings: Findings): Promise<Subject> {
    const old = await find(this.engine, name);
    // The engine resolves ids and id prefixes as well; here a name is a name.
    if (!old || nameOf(old) !== name)
      throw new UpdateError('no_such_container', 'inspect', `there is no container named ${name}`);
    Object.assign(findings, { image: old.Config.Image, fromImageId: old.Image, containerId: old.Id });
    const refusal = ineligible(old);
    if (refusal) throw new UpdateError(refusal.code, 'inspect', refusal.reason);
    return { old, oldImage: await this.presentImage(old) };
  }

  private async presentImage(container: ContainerInspect): Promise<ImageInspect> {
    try {
      return await this.engine.inspectImage(container.Image);
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      throw new UpdateError(
        'refused',
        'inspect',
        `the image that ${nameOf(container)} runs is no longer on the engine, so that its defaults cannot be told from what was set; recreate the container once by hand`,
        { cause: error },
      );
    }
  }
}
