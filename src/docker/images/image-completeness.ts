import { Injectable } from '@nestjs/common';
import { Engine } from '../engine/engine.js';
import type { ImageInspect } from '../engine/engine-types.js';
import { findImage } from '../engine/find.js';
import { ImagePuller, type PullTarget } from './image-puller.js';
import { parseImageReference, repositoryIn, repositoryOf } from './image-reference.js';
import { UpdateError } from '../update/outcome.js';
import { nameOf } from '../engine/container.js';
import type { Subject, Subjects } from '../update/subject.js';

/**
 * Whether the engine shows what an image has set. On containerd's store it may have lost an image's configuration and
 * shows it without one, or with an empty one, and then without a platform (moby#51566). All that such an image has set
 * would be taken for the user's.
 */
export function isComplete({
  Config,
  Os,
  Architecture,
}: Pick<ImageInspect, 'Config' | 'Os' | 'Architecture'>): boolean {
  return Boolean(Config) && Os !== '' && Architecture !== '';
}

/** What is said of an image that is not. */
export function incompleteImage(container: string, which: string): UpdateError {
  return new UpdateError(
    'refused',
    'pull',
    `the engine does not show the configuration of ${which} of ${container}, so that its defaults cannot be told from what was set. Nothing was touched; pull that image again by hand, or recreate the container`,
  );
}

/** Looks a second time at images whose configuration the engine does not show, after pulling them again. */
@Injectable()
export class ImageCompleteness {
  constructor(
    private readonly engine: Engine,
    private readonly puller: ImagePuller,
  ) {}

  /**
   * Answers the same subjects and new image, with the configuration of each.
   * @throws UpdateError `refused` where the engine does not show one, or whatever a pull may fail with
   */
  async ensure(
    subjects: Subjects,
    newImage: ImageInspect,
    terms: Pick<PullTarget, 'signal' | 'hide'>,
  ): Promise<{ subjects: Subjects; newImage: ImageInspect }> {
    const [target, ...dependents] = subjects;
    const complete = async (subject: Subject): Promise<Subject> => ({
      ...subject,
      oldImage: await this.complete(subject.oldImage, subject, 'the present image', terms),
    });
    const completed: [Subject, ...Subject[]] = [await complete(target)];
    for (const dependent of dependents) completed.push(await complete(dependent));
    return { subjects: completed, newImage: await this.complete(newImage, target, 'the new image', terms) };
  }

  private async complete(
    image: ImageInspect,
    { old }: Subject,
    which: string,
    terms: Pick<PullTarget, 'signal' | 'hide'>,
  ): Promise<ImageInspect> {
    if (isComplete(image)) return image;
    // The pull of the tag may have brought it back.
    const again = await findImage(this.engine, image.Id);
    if (again && isComplete(again)) return again;
    const pulled = await this.pulled(nameByDigest(old.Config.Image, image), image.Id, terms);
    if (pulled && isComplete(pulled)) return pulled;
    throw incompleteImage(nameOf(old), which);
  }

  /** By its digest, which moves no tag. */
  private async pulled(
    name: string,
    id: string,
    terms: Pick<PullTarget, 'signal' | 'hide'>,
  ): Promise<ImageInspect | undefined> {
    try {
      await this.puller.pull({ image: name, ...terms }, () => undefined);
    } catch (error) {
      // The registry may have trouble for a moment; a store that has lost a blob says that it was not found.
      const isLost = error instanceof UpdateError && (error.code === 'pull_not_found' || !error.passes);
      if (!isLost || error.code === 'interrupted') throw error;
    }
    return findImage(this.engine, id);
  }
}

/** On containerd's store the id is the digest; an image that has lost its tag has no other. */
function nameByDigest(reference: string, { Id, RepoDigests }: Pick<ImageInspect, 'Id' | 'RepoDigests'>): string {
  const repository = repositoryOf(parseImageReference(reference));
  const known = (RepoDigests ?? []).find((entry) => repositoryIn(entry) === repositoryIn(reference));
  return known ?? `${repository}@${Id}`;
}
