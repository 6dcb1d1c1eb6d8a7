import { setTimeout } from 'node:timers/promises';
import { fileStamp, readRegularFile } from './regular-file.js';

const pollIntervalMs = 1000;
/** How often a file that is being written is looked at before the next poll decides. */
const maxSettleLooks = 10;

export interface PolledFileOptions {
  /** How long a changed file must stay as it is before its content counts: a copy in progress must not. */
  settleMs?: number;
  now?: () => number;
}

/**
 * A file that may be replaced while the service runs, as Kubernetes replaces it by moving a symbolic link. There are no watchers
 * and no timers: the file is looked at when somebody asks, at most once a second, and read only when it has changed.
 */
export class PolledFile {
  private lookedAt: number;
  private looking: Promise<void> | undefined;
  private following: Promise<void> | undefined;
  private readonly settleMs: number;
  private readonly now: () => number;

  private constructor(
    private readonly path: string,
    private stamp: string,
    private readonly onChange: (content: Buffer) => void | Promise<void>,
    private readonly onProblem: (error: Error) => void,
    { settleMs = 0, now = () => performance.now() }: PolledFileOptions,
  ) {
    this.settleMs = settleMs;
    this.now = now;
    this.lookedAt = now();
  }

  /**
   * Reads the first version.
   * @param onChange gets each version's content; throws when it is of no use
   * @param onProblem gets the reason why a later version is not used, once for each version
   * @throws UnusableFile, and what `onChange` throws
   */
  static async open(
    path: string,
    onChange: (content: Buffer) => void | Promise<void>,
    onProblem: (error: Error) => void,
    options: PolledFileOptions = {},
  ): Promise<PolledFile> {
    const stamp = await fileStamp(path);
    await onChange(await readRegularFile(path));
    return new PolledFile(path, stamp, onChange, onProblem, options);
  }

  /** Looks at the file if the last look is a second ago; undefined when nothing has to be waited for. Never rejects. */
  refresh(): Promise<void> | undefined {
    if (this.now() - this.lookedAt < pollIntervalMs) return this.looking;
    return this.look();
  }

  /** Looks at the file now. However many ask, one look runs and one follows it. Never rejects. */
  look(): Promise<void> {
    if (!this.looking) {
      this.looking = this.lookOnce().finally(() => (this.looking = undefined));
      return this.looking;
    }
    this.following ??= this.looking.then(() => {
      this.following = undefined;
      return this.look();
    });
    return this.following;
  }

  private async lookOnce(): Promise<void> {
    this.lookedAt = this.now();
    const stamp = await fileStamp(this.path);
    if (stamp === this.stamp) return;
    try {
      const content = await this.settledContent(stamp);
      if (content === undefined) return;
      await this.onChange(content);
    } catch (error) {
      this.onProblem(error as Error);
    }
  }

  /** Undefined while the file goes on changing: the next look decides. */
  private async settledContent(first: string): Promise<Buffer | undefined> {
    let stamp = first;
    for (let looks = 0; looks < maxSettleLooks; looks++) {
      this.stamp = stamp;
      const content = await readRegularFile(this.path);
      if (this.settleMs > 0) await setTimeout(this.settleMs);
      stamp = await fileStamp(this.path);
      if (stamp === this.stamp) return content;
    }
    this.stamp = '';
    return undefined;
  }
}
