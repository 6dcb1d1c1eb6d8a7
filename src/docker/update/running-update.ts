import { masker, type Mask } from '../../common/mask.js';
import type { Findings, Stage } from './outcome.js';
import type { Drain } from '../engine/shutdown-signals.js';

/** Who wants to know how an update goes. */
export interface Report {
  /** Before each stage, with what is known so far. */
  stage: (stage: Stage, findings: Findings) => Promise<void>;
  /** While the image is pulled, twice a second at most. */
  progress: (progress: LayerProgress) => void;
  /**
   * The last log lines of a replacement that failed, once the old container runs again.
   * @param of as `evidenceOf` of Evidence
   */
  log: (lines: string[], of?: string) => void;
}

/** How far an update has come, and what it knows. */
export class RunningUpdate {
  stage: Stage = 'recover';
  private known: Findings = {};

  private readonly secrets = new Set<string>();
  private masker: Mask | undefined;

  /** For what is told of the update: hides all the secrets that are known so far. */
  readonly mask: Mask = (text) => (this.masker ??= masker(this.secrets))(text);

  constructor(
    readonly report: Report,
    readonly drain: Drain,
    /** Whether it goes to the image that the registry has, or back to the one that ran before. */
    readonly kind: 'update' | 'rollback' = 'update',
    /** Whether those who asked for it want a container started that does not run. */
    readonly startStopped = false,
  ) {}

  /** What is known of the update so far. */
  get findings(): Readonly<Findings> {
    return this.known;
  }

  /** Adds what a stage found. */
  note(found: Findings): void {
    this.known = { ...this.known, ...found };
  }

  async enter(stage: Stage): Promise<void> {
    this.stage = stage;
    await this.report.stage(stage, this.findings);
  }

  /** Keeps secrets that the update uses, or that its containers have, out of all that is told of it from now on. */
  readonly hide = (secrets: Iterable<string>): void => {
    for (const secret of secrets) this.secrets.add(secret);
    this.masker = undefined;
  };

  warn(...warnings: string[]): void {
    if (warnings.length > 0) this.note({ warnings: [...(this.known.warnings ?? []), ...warnings.map(this.mask)] });
  }
}

/** How far a pull has come. */
export interface LayerProgress {
  layersDone: number;
  layersTotal: number;
  currentBytes: number;
  totalBytes: number;
}
