import { hash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** A secret that callers may show. Held as a SHA-256 digest, never in clear. */
export interface Secret {
  /** Compares in constant time. @param digest the SHA-256 of what was shown */
  matches(digest: Buffer): boolean;
}

/** SHA-256: digests have one length, so that they can be compared in constant time whatever the texts. */
export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

export function fixedSecret(digest: Buffer): Secret {
  return { matches: (given) => timingSafeEqual(given, digest) };
}

/** Why a secret's file cannot be used. Never holds what the file holds. */
export class UnusableSecretFile extends Error {
  override readonly name = 'UnusableSecretFile';
}

/** What every secret in an HTTP header must be; undefined where it is. */
export function problemOfSecret(text: string): string | undefined {
  if (text.trim() === '') return 'must not be empty';
  if (/^[\x21-\x7e]+$/.test(text)) return undefined;
  return 'must be visible ASCII characters without white space, for it travels in an HTTP header';
}

/**
 * The text of a secret's file without one trailing line break, as `echo` and editors leave it.
 * @throws UnusableSecretFile
 */
export function readSecretText(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UnusableSecretFile(
      `names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`,
    );
  }
  return text.replace(/\r?\n$/, '');
}

const lookEveryMs = 1000;
const graceMs = 60_000;

/**
 * A secret in a file that may be replaced while the service runs, as Kubernetes replaces it by moving a symbolic link. There
 * are no watchers and no timers: the file is looked at when it is asked for, at most once a second, and when a token does
 * not match; it is read only where it has changed. For a minute the value that was replaced is accepted too: callers read
 * theirs from copies that are renewed a moment later. A file that cannot be used any more leaves the value as it was.
 */
export class SecretFile implements Secret {
  private present: Buffer;
  private previous: { digest: Buffer; until: number } | undefined;
  private stamp: string;
  private lookedAt: number;

  /**
   * @param report told why a new version is not used, once for each version
   * @throws UnusableSecretFile
   */
  constructor(
    private readonly path: string,
    private readonly report: (problem: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.stamp = stampOf(path);
    this.present = this.read();
    this.lookedAt = now();
  }

  matches(digest: Buffer): boolean {
    if (this.now() - this.lookedAt >= lookEveryMs) this.look();
    if (this.isKnown(digest)) return true;
    return this.look() && this.isKnown(digest);
  }

  private isKnown(digest: Buffer): boolean {
    const { present, previous } = this;
    const isPresent = timingSafeEqual(digest, present);
    const isPrevious = timingSafeEqual(digest, previous?.digest ?? present);
    return isPresent || (isPrevious && previous !== undefined && this.now() < previous.until);
  }

  /** Whether there is a new value. */
  private look(): boolean {
    this.lookedAt = this.now();
    const stamp = stampOf(this.path);
    if (stamp === this.stamp) return false;
    this.stamp = stamp;
    try {
      const digest = this.read();
      if (timingSafeEqual(digest, this.present)) return false;
      this.previous = { digest: this.present, until: this.now() + graceMs };
      this.present = digest;
      return true;
    } catch (error) {
      if (!(error instanceof UnusableSecretFile)) throw error;
      this.report(`${this.path} ${error.message}; its last good value stays`);
      return false;
    }
  }

  private read(): Buffer {
    const text = readSecretText(this.path);
    const problem = problemOfSecret(text);
    if (problem) throw new UnusableSecretFile(problem);
    return digestOf(text);
  }
}

/** Changes whenever the file behind the path, links followed, is another one or was written; empty where there is none. */
export function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':') : '';
}
