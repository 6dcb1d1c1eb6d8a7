import { Injectable } from '@nestjs/common';
import { DigestLooks } from './digest-looks.js';
import { Engine } from '../engine/engine.js';
import type { Descriptor, ImageInspect } from '../engine/engine-types.js';
import { findImage } from '../engine/find.js';
import { hasDigest } from './image-identity.js';
import { parseImageReference, repositoryOf } from './image-reference.js';
import { ImagePuller, type PullTarget, type Served } from './image-puller.js';
import { UpdateError } from '../update/outcome.js';
import type { LayerProgress } from '../update/running-update.js';

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

type OnProgress = (progress: LayerProgress) => void;

/** The digest that a caller expects, and whether this is the last time that it is looked for: then it is, whatever was seen before. */
export interface Expected {
  digest: string;
  isLastLook: boolean;
}

export interface Pulled {
  image: ImageInspect;
  /** The registry's digest of it: the one that was expected, or what the tag means, where the engine said it. */
  digest?: string;
  /** What was downloaded, as far as the engine said. */
  bytes?: number;
}

/**
 * Pulls what a tag means. Where a digest is expected the registry is asked first, so that nothing, the local tag
 * included, changes until it serves that digest.
 */
@Injectable()
export class TagPuller {
  constructor(
    private readonly engine: Engine,
    private readonly puller: ImagePuller,
    private readonly looks: DigestLooks,
  ) {}

  /**
   * @param expected the digest of an index, or of a manifest, that of a platform within an index included
   * @throws UpdateError `digest_mismatch`, which passes, also without asking where a look failed a moment ago; and whatever a pull throws
   */
  async pull(target: PullTarget, onProgress: OnProgress, expected?: Expected): Promise<Pulled> {
    if (expected !== undefined) return this.pullExpected(target, onProgress, expected);
    const { digest, bytes } = await this.puller.pull(target, onProgress);
    return { image: await this.engine.inspectImage(target.image), digest, bytes };
  }

  /**
   * What the registry serves for a tag; nothing is pulled, unless it takes a pull to prove that it is what was expected.
   * @throws UpdateError as `pull` does
   */
  async resolve(target: PullTarget, expected?: Expected): Promise<Served> {
    const borrowed: string[] = [];
    try {
      return await this.look(target, expected, borrowed);
    } finally {
      await this.giveBack(borrowed);
    }
  }

  private async pullExpected(target: PullTarget, onProgress: OnProgress, expected: Expected): Promise<Pulled> {
    /** Names that images are given here for a while. */
    const borrowed: string[] = [];
    try {
      const { descriptor: served } = await this.look(target, expected, borrowed);
      const { digest = served.digest, bytes } = await this.puller.pull(target, onProgress);
      const image = await this.engine.inspectImage(target.image);
      // Moved between the question and the pull: the local tag has followed, the container has not.
      if (digest !== served.digest || !hasDigest(image, digest)) throw mismatch(target.image, expected.digest, digest);
      return { image, digest: expected.digest, bytes };
    } finally {
      await this.giveBack(borrowed);
    }
  }

  /** The same as `ask`, not again and again. */
  private async look(target: PullTarget, expected: Expected | undefined, borrowed: string[]): Promise<Served> {
    if (expected === undefined) return this.ask(target, undefined, borrowed);
    const { image } = target;
    if (!expected.isLastLook) this.looks.assertMayLook(image, expected.digest);
    try {
      const served = await this.ask(target, expected.digest, borrowed);
      this.looks.noteSuccess(image);
      return served;
    } catch (error) {
      if (error instanceof UpdateError && error.code !== 'interrupted')
        this.looks.noteFailure(image, error.servedDigest);
      throw error;
    }
  }

  /** What the registry serves, where that is what is expected. @throws UpdateError `digest_mismatch` where it is not */
  private async ask(target: PullTarget, expected: string | undefined, borrowed: string[]): Promise<Served> {
    const served = await this.puller.ask(target);
    const { digest } = served.descriptor;
    if (expected === undefined || digest === expected) return served;
    if (await this.isPlatformOf(served.descriptor, expected, target, borrowed)) return served;
    throw mismatch(target.image, expected, digest);
  }

  private async giveBack(borrowed: readonly string[]): Promise<void> {
    await Promise.all(borrowed.map((name) => this.engine.removeImage(name).catch(() => undefined)));
  }

  /**
   * Whether a digest is that of the engine's platform in an index. The engine does not show what is in an index, so both
   * are pulled by their digests, which moves no tag, and must turn out to be one image; or, on the containerd store
   * (API 1.48), the index must list the digest.
   * @param borrowed collects the names that images are given and that are to be taken away again
   */
  private async isPlatformOf(
    index: Descriptor,
    expected: string,
    target: PullTarget,
    borrowed: string[],
  ): Promise<boolean> {
    if (!indexTypes.includes(index.mediaType)) return false;
    const repository = repositoryOf(parseImageReference(target.image));
    const manifest = await this.puller
      .ask({ ...target, image: `${repository}@${expected}` })
      .catch((error: unknown) => {
        if (error instanceof UpdateError && error.code === 'pull_not_found') return undefined;
        throw error;
      });
    if (!manifest || indexTypes.includes(manifest.descriptor.mediaType)) return false;
    const indexName = `${repository}@${index.digest}`;
    const whole = await this.present({ ...target, image: indexName }, borrowed);
    if (whole.Manifests) return whole.Manifests.some(({ ID }) => ID === expected);
    const isSame = (await this.present({ ...target, image: `${repository}@${expected}` }, borrowed)).Id === whole.Id;
    // On the classic store the image is known by its index from now on, as after any pull of the tag.
    if (isSame) borrowed.splice(borrowed.indexOf(indexName), borrowed.includes(indexName) ? 1 : 0);
    return isSame;
  }

  /** An image by its digest, pulled where it is not there; its content cannot be another one. */
  private async present(target: PullTarget, borrowed: string[]): Promise<ImageInspect> {
    const found = await findImage(this.engine, target.image);
    if (found) return found;
    borrowed.push(target.image);
    await this.puller.pull(target, () => undefined);
    return this.engine.inspectImage(target.image);
  }
}

function mismatch(image: string, expected: string, served: string): UpdateError {
  return new UpdateError(
    'digest_mismatch',
    'pull',
    `${image} is ${served} in the registry, and not ${expected}; check that the push has ended and that nothing was pushed under the same tag since`,
    { passes: true, servedDigest: served },
  );
}
