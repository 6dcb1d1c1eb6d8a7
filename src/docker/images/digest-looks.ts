import { Injectable } from '@nestjs/common';
import { parseImageReference, repositoryOf } from './image-reference.js';
import { UpdateError } from '../update/outcome.js';

const firstDelayMs = 1000;
/** Well below what a deployment waits for its digest by default: each is looked for several times. */
const maxDelayMs = 10_000;
/** A repository of which no look has failed for so long is asked at once again. */
const forgottenAfterMs = 60_000;
const maxRepositories = 1000;

interface FailedLook {
  count: number;
  /** Milliseconds of a clock that never goes back. */
  at: number;
  /** What the registry served then, where it served something. */
  served: string | undefined;
}

/**
 * Keeps a registry from being asked again and again for digests that it does not serve: after a look that failed, its repository
 * is left alone for 1 s, 2 s, 4 s … 10 s, whichever deployment looks. What such a look has seen counts for all: one that expects
 * just that may ask at once.
 */
@Injectable()
export class DigestLooks {
  private readonly failed = new Map<string, FailedLook>();

  /** @throws UpdateError `digest_mismatch` with `retryAfterMs` where the repository is to be left alone */
  assertMayLook(image: string, expected: string, now = performance.now()): void {
    const look = this.failed.get(repository(image));
    if (!look || look.served === expected) return;
    const retryAfterMs = Math.ceil(look.at + Math.min(firstDelayMs * 2 ** (look.count - 1), maxDelayMs) - now);
    if (retryAfterMs <= 0) return;
    const seen = look.served === undefined ? 'and it did not serve it' : `and it served ${look.served}`;
    throw new UpdateError(
      'digest_mismatch',
      'pull',
      `the registry was asked for a digest of ${repository(image)} a moment ago, ${seen}; it is asked for ${expected} in ${Math.ceil(retryAfterMs / 1000)} s`,
      { passes: true, retryAfterMs, servedDigest: look.served },
    );
  }

  noteFailure(image: string, served: string | undefined, now = performance.now()): void {
    const name = repository(image);
    const last = this.failed.get(name);
    const count = last && now - last.at < forgottenAfterMs ? last.count + 1 : 1;
    // A Map iterates in the order of insertion: the first one has failed the longest ago.
    this.failed.delete(name);
    this.failed.set(name, { count, at: now, served });
    const [oldest] = this.failed.keys();
    if (this.failed.size > maxRepositories && oldest !== undefined) this.failed.delete(oldest);
  }

  noteSuccess(image: string): void {
    this.failed.delete(repository(image));
  }
}

function repository(image: string): string {
  return repositoryOf(parseImageReference(image));
}
