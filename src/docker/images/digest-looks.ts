import { Injectable } from '@nestjs/common';
import { backoffMs } from '../../common/backoff.js';
import { Streaks } from '../../common/streaks.js';
import { parseImageReference, repositoryOf } from './image-reference.js';
import { UpdateError } from '../update/outcome.js';

/** At most well below what a deployment waits for its digest by default: each is looked for several times. */
const delays = { firstMs: 1000, maxMs: 10_000 };
/** A repository of which no look has failed for so long is asked at once again. */
const forgottenAfterMs = 60_000;
const maxRepositories = 1000;

/**
 * Keeps a registry from being asked again and again for digests that it does not serve: after a look that failed, its repository
 * is left alone for 1 s, 2 s, 4 s … 10 s, whichever deployment looks. What such a look has seen counts for all: one that expects
 * just that may ask at once.
 */
@Injectable()
export class DigestLooks {
  /** Looks that failed, by repository, with what the registry served then, if anything. */
  private readonly failed = new Streaks<string | undefined>(forgottenAfterMs, maxRepositories);

  /** @throws UpdateError `digest_mismatch` with `retryAfterMs` where the repository is to be left alone */
  assertMayLook(image: string, expected: string, now = performance.now()): void {
    const look = this.failed.of(repository(image));
    if (!look || look.note === expected) return;
    const served = look.note;
    const retryAfterMs = Math.ceil(look.at + backoffMs(look.count, delays) - now);
    if (retryAfterMs <= 0) return;
    const seen = served === undefined ? 'and it did not serve it' : `and it served ${served}`;
    throw new UpdateError(
      'digest_mismatch',
      'pull',
      `the registry was asked for a digest of ${repository(image)} a moment ago, ${seen}; it is asked for ${expected} in ${Math.ceil(retryAfterMs / 1000)} s`,
      { passes: true, retryAfterMs, servedDigest: served },
    );
  }

  noteFailure(image: string, served: string | undefined, now = performance.now()): void {
    this.failed.add(repository(image), served, now);
  }

  noteSuccess(image: string): void {
    this.failed.end(repository(image));
  }
}

function repository(image: string): string {
  return repositoryOf(parseImageReference(image));
}
