import { hash, timingSafeEqual } from 'node:crypto';
import { PolledFile } from '../common/polled-file.js';
import { readRegularFileSync, UnusableFile } from '../common/regular-file.js';

/** A secret that callers may show. Held as a SHA-256 digest, never in clear. */
export interface Secret {
  /** Compares in constant time. @param digest the SHA-256 of what was shown */
  matches(digest: Buffer): boolean;
  /** Takes a new value if one is due to be looked for; undefined when nothing has to be waited for. Never rejects. */
  refresh?(): Promise<void> | undefined;
  /** Looks for a new value now. Never rejects. */
  look?(): Promise<void>;
}

/** SHA-256: digests have one length, so that they can be compared in constant time whatever the texts. */
export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

export function fixedSecret(digest: Buffer): Secret {
  return { matches: (given) => timingSafeEqual(given, digest) };
}

const minGoodLength = 16;
const minDifferentCharacters = 6;

/** Says that a secret can be guessed, and what to do; undefined when its length and characters allow no such thing. */
export function weaknessOfSecret(text: string): string | undefined {
  const advice = 'anybody who reaches the service can guess it. Make a new one: openssl rand -hex 32';
  if (text.length < minGoodLength) return `has only ${text.length} characters: ${advice}`;
  if (new Set(text).size < minDifferentCharacters) return `repeats a few characters: ${advice}`;
  return undefined;
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
 * Reads a secret's file. One trailing line break, as `echo` and editors leave it, is ignored.
 * @throws UnusableSecretFile
 */
export function readSecretText(path: string): string {
  try {
    return textOf(readRegularFileSync(path));
  } catch (error) {
    throw asUnusable(error);
  }
}

const graceMs = 60_000;
/** The first characters of a token that is being written must not count as a token. */
const settleMs = 100;

/**
 * A secret in a file that may be replaced while the service runs. For a minute the value that was replaced is accepted too: callers
 * read theirs from copies that are renewed a moment later. A file that cannot be used any more leaves the value as it was.
 */
export class SecretFile implements Secret {
  private present: Buffer | undefined;
  private previous: { digest: Buffer; until: number } | undefined;
  private file: PolledFile | undefined;

  private constructor(
    private readonly warn: (problem: string) => void,
    private readonly now: () => number,
  ) {}

  /**
   * @param report gets the reason why a new version is not used, once for each version, and that a value is weak
   * @throws UnusableSecretFile
   */
  static async open(
    path: string,
    report: { error: (problem: string) => void; warn: (problem: string) => void },
    now: () => number = () => performance.now(),
  ): Promise<SecretFile> {
    const secret = new SecretFile((weakness) => {
      report.warn(`${path} ${weakness}`);
    }, now);
    const take = (content: Buffer): void => {
      secret.take(textOf(content));
    };
    const refuse = (error: Error): void => {
      report.error(`${path} ${(asUnusable(error) as Error).message}; its last good value stays`);
    };
    try {
      secret.file = await PolledFile.open(path, take, refuse, { now, settleMs });
      return secret;
    } catch (error) {
      throw asUnusable(error);
    }
  }

  matches(digest: Buffer): boolean {
    const { present, previous } = this;
    if (!present) return false;
    const isPresent = timingSafeEqual(digest, present);
    const isPrevious = timingSafeEqual(digest, previous?.digest ?? present);
    return isPresent || (isPrevious && previous !== undefined && this.now() < previous.until);
  }

  refresh(): Promise<void> | undefined {
    return this.file?.refresh();
  }

  async look(): Promise<void> {
    await this.file?.look();
  }

  private take(text: string): void {
    const problem = problemOfSecret(text);
    if (problem) throw new UnusableSecretFile(problem);
    const digest = digestOf(text);
    const { present } = this;
    if (present && timingSafeEqual(digest, present)) return;
    if (present) this.previous = { digest: present, until: this.now() + graceMs };
    this.present = digest;
    const weakness = weaknessOfSecret(text);
    if (weakness) this.warn(weakness);
  }
}

function textOf(content: Buffer): string {
  return content.toString('utf8').replace(/\r?\n$/, '');
}

function asUnusable(error: unknown): unknown {
  return error instanceof UnusableFile ? new UnusableSecretFile(`names a file that ${error.message}`) : error;
}
