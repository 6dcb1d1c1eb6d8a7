import type { LayerProgress } from '../update/running-update.js';
import { UpdateError } from '../update/outcome.js';
import { messageLimit, presentable, pullFailure } from './pull-failure.js';

export interface PullResult {
  /** The engine's last word, such as `Downloaded newer image for ghcr.io/me/app:1`, where it said one. */
  status?: string;
  /** The registry's digest of what the reference means now, `sha256:<64 hex>`. */
  digest?: string;
  /** How many layers the engine spoke of, present ones included. */
  layers: number;
  /** What was downloaded, as far as the engine said; undefined where it said nothing of it. */
  bytes?: number;
}

export interface PullOptions {
  /** Called for each line that changes it, before the next one is read; what it throws ends the pull. */
  onProgress?: (progress: LayerProgress) => void;
  /** How long the engine may be silent, in milliseconds. */
  idleTimeoutMs: number;
  signal?: AbortSignal;
}

/** The body of the answer to `POST /images/create`; one that has a `destroy` is destroyed when the reading fails. */
export type PullStream = AsyncIterable<Uint8Array> & { destroy?: () => unknown };

const lineLimitBytes = 1024 * 1024;
/** An image has at most 127 layers; what an engine says beyond this is not counted. */
const layerLimit = 1024;
const excerptLimit = 200;

/**
 * Reads the progress of a pull to its end. The engine answers 200 before it knows whether the pull succeeds: failures
 * come as lines (`error`, or since API 1.48 `errorDetail` alone), and an engine that dies just ends the stream. So a pull
 * succeeded only where one of its last lines, `Digest:` or `Status:`, was seen.
 *
 * Memory is bounded whatever the engine sends. A reading that fails lets go of the stream, so that its connection closes and
 * the engine gives up the pull.
 * @throws UpdateError with the stage `pull`, and a code of pull-failure.ts or `pull_timeout`
 * @throws the reason of `signal`, once it is aborted
 */
export async function readPullStream(chunks: PullStream, options: PullOptions): Promise<PullResult> {
  const pull = new Pull(options.onProgress);
  const lines = new LineSplitter();
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for await (const chunk of watched(iterator, options)) {
      for (const line of lines.split(chunk)) pull.read(line);
    }
    pull.read(lines.rest());
    return pull.result();
  } catch (error) {
    // Not awaited: the iterator of a stream that is silent returns only when the stream is destroyed.
    chunks.destroy?.();
    iterator.return?.().catch(() => undefined);
    throw error;
  }
}

/** The chunks of a stream, as long as it is neither silent for too long nor given up. */
async function* watched(
  iterator: AsyncIterator<Uint8Array>,
  { idleTimeoutMs, signal }: PullOptions,
): AsyncGenerator<Uint8Array> {
  // One promise for each chunk: reactions to a single long-lived one would pile up over a long pull.
  let interrupt = (): void => undefined;
  const idle = setTimeout(() => {
    interrupt();
  }, idleTimeoutMs);
  const onAbort = (): void => {
    interrupt();
  };
  signal?.addEventListener('abort', onAbort);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = await new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
        interrupt = () => {
          resolve(undefined);
        };
        iterator.next().then(resolve, reject);
      });
      signal?.throwIfAborted();
      if (!next) throw new UpdateError('pull_timeout', 'pull', silence(idleTimeoutMs), { passes: true });
      if (next.done) return;
      yield next.value;
      idle.refresh();
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UpdateError) throw error;
    const reason = presentable((error as Error).message, messageLimit);
    throw new UpdateError(
      'pull_failed',
      'pull',
      `the connection to the engine broke off in the middle of the pull (${reason}); call the webhook again`,
      { cause: error, passes: true },
    );
  } finally {
    clearTimeout(idle);
    signal?.removeEventListener('abort', onAbort);
  }
}

function silence(idleTimeoutMs: number): string {
  return `the engine said nothing of the pull for ${idleTimeoutMs / 1000} s; see that it reaches the registry, then call the webhook again`;
}

/** Cuts bytes into lines, wherever their borders are; a line is decoded whole, so that no character is torn. */
class LineSplitter {
  private pieces: Uint8Array[] = [];
  private bytes = 0;

  *split(chunk: Uint8Array): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      this.add(chunk.subarray(start, end));
      yield this.rest();
      start = end + 1;
    }
    this.add(chunk.subarray(start));
  }

  /** What has come since the last line break. */
  rest(): string {
    const line = Buffer.concat(this.pieces, this.bytes).toString('utf8');
    this.pieces = [];
    this.bytes = 0;
    return line;
  }

  private add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.bytes += piece.length;
    if (this.bytes > lineLimitBytes) {
      throw new UpdateError(
        'pull_failed',
        'pull',
        'the answer has a line of more than 1 MiB, which no engine sends; see what is between the service and the engine',
      );
    }
    this.pieces.push(piece);
  }
}

interface Layer {
  currentBytes: number;
  totalBytes: number;
  isDone: boolean;
}

/** The words of the engine that have to do with a layer; the id of a line may also be a tag. */
const layerStatus =
  /^(?:Pulling fs layer|Waiting|Downloading|Verifying Checksum|Download complete|Extracting|Pull complete|Already exists|Retrying in )/;

/** What the lines of a pull have said so far. */
class Pull {
  private readonly layers = new Map<string, Layer>();
  private isFinished = false;
  private status: string | undefined;
  private digest: string | undefined;
  private lastStatus = 'nothing';

  constructor(private readonly onProgress: ((progress: LayerProgress) => void) | undefined) {}

  /** @throws UpdateError where the line tells of a failure, or is none of an engine's */
  read(line: string): void {
    const text = line.trim();
    if (text === '') return;
    const message = parseMessage(text);
    if (isGiven(message.error) || isGiven(message.errorDetail)) throw pullFailure(errorText(message));
    if (typeof message.status !== 'string') return;
    this.lastStatus = presentable(message.status, excerptLimit);
    if (typeof message.id === 'string' && layerStatus.test(message.status)) {
      this.readLayer(message.id, message.status, message.progressDetail);
    } else {
      this.readSummary(message.status);
    }
  }

  /** @throws UpdateError where the pull was not finished */
  result(): PullResult {
    if (!this.isFinished) {
      throw new UpdateError(
        'pull_failed',
        'pull',
        `the engine ended its answer before the pull was finished (its last word: ${JSON.stringify(this.lastStatus)}); see the engine's own log, then call the webhook again`,
        { passes: true },
      );
    }
    const bytes = this.progress().currentBytes;
    return {
      ...(this.status === undefined ? {} : { status: this.status }),
      ...(this.digest === undefined ? {} : { digest: this.digest }),
      layers: this.layers.size,
      ...(bytes > 0 ? { bytes } : {}),
    };
  }

  private readSummary(status: string): void {
    const [, kind, value = ''] = /^(Status|Digest): (.*)$/s.exec(status) ?? [];
    if (!kind) return;
    this.isFinished = true;
    if (kind === 'Status') this.status = presentable(value, excerptLimit);
    else if (/^sha256:[a-f0-9]{64}$/.test(value)) this.digest = value;
  }

  private readLayer(id: string, status: string, detail: unknown): void {
    const known = this.layers.get(id);
    if (!known && (this.layers.size >= layerLimit || id.length > excerptLimit)) return;
    const layer = known ?? { currentBytes: 0, totalBytes: 0, isDone: false };
    this.layers.set(id, layer);
    if (status === 'Downloading') {
      const { current, total } = (detail ?? {}) as { current?: unknown; total?: unknown };
      layer.currentBytes = Math.max(layer.currentBytes, count(current));
      layer.totalBytes = Math.max(layer.totalBytes, count(total), layer.currentBytes);
    } else if (status === 'Download complete' || status === 'Pull complete') {
      layer.currentBytes = layer.totalBytes;
    }
    if (status === 'Pull complete' || status === 'Already exists') layer.isDone = true;
    this.onProgress?.(this.progress());
  }

  private progress(): LayerProgress {
    const progress: LayerProgress = { layersDone: 0, layersTotal: this.layers.size, currentBytes: 0, totalBytes: 0 };
    for (const layer of this.layers.values()) {
      if (layer.isDone) progress.layersDone++;
      progress.currentBytes += layer.currentBytes;
      progress.totalBytes += layer.totalBytes;
    }
    return progress;
  }
}

/** A line of the stream, none of whose fields is to be trusted (moby, `jsonmessage.JSONMessage`). */
type Message = Partial<Record<'status' | 'id' | 'progressDetail' | 'error' | 'errorDetail', unknown>>;

function parseMessage(text: string): Message {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message === 'object' && message !== null && !Array.isArray(message)) return message;
  } catch {
    // What it is instead is told below.
  }
  const excerpt = JSON.stringify(presentable(text, excerptLimit));
  throw new UpdateError(
    'pull_failed',
    'pull',
    `the answer has a line that is not the engine's: ${excerpt}; see what is between the service and the engine`,
  );
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function errorText({ error, errorDetail }: Message): string {
  const detail = (errorDetail as { message?: unknown } | null | undefined)?.message;
  return (
    ([detail, error, errorDetail].find((text) => typeof text === 'string' && text !== '') as string | undefined) ?? ''
  );
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}
