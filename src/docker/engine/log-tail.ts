import { StringDecoder } from 'node:string_decoder';

/** A line is kept up to so many characters; what is told of it is shorter still. */
const lineLimit = 2048;
/** What all lines together may have: an answer tells at most half of it. */
const textLimit = 32 * 1024;
const headerBytes = 8;

/**
 * Keeps the last lines of a container's output while it is read, in bounded memory, however long the lines are. A line that
 * was cut ends with `…`. The engine cuts long lines into pieces (16 KiB) and mixes the pieces of both streams: here each
 * stream's lines are put together again.
 */
export class LogTail {
  private readonly lines: string[] = [];
  private size = 0;
  private header = Buffer.alloc(0);
  private stream: StreamLines;
  private left: number;
  private readonly streams = new Map<number, StreamLines>();

  /**
   * @param maxLines how many of the last lines to keep; empty ones do not count
   * @param isPlain whether the output comes as it is, as that of a terminal does, and not in the engine's frames: 1 byte
   *   stream, 3 bytes zero, 4 bytes length (Engine API, "Attach to a container")
   */
  constructor(
    private readonly maxLines: number,
    private readonly isPlain: boolean,
  ) {
    this.stream = this.linesOf(0);
    this.left = isPlain ? Infinity : 0;
  }

  add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.left > 0) {
        const payload = chunk.subarray(at, at + this.left);
        this.stream.add(payload);
        at += payload.length;
        if (!this.isPlain) this.left -= payload.length;
        continue;
      }
      const rest = chunk.subarray(at, at + headerBytes - this.header.length);
      this.header = Buffer.concat([this.header, rest]);
      at += rest.length;
      if (this.header.length < headerBytes) return;
      this.stream = this.linesOf(this.header[0] ?? 0);
      this.left = this.header.readUInt32BE(4);
      this.header = Buffer.alloc(0);
    }
  }

  /** The lines, after the last chunk. */
  text(): string {
    for (const stream of this.streams.values()) stream.end();
    return this.lines.join('\n');
  }

  private linesOf(id: number): StreamLines {
    const known = this.streams.get(id);
    if (known) return known;
    const lines = new StreamLines((line) => {
      this.keep(line);
    });
    // The engine numbers three; more would be nonsense, and a bound is a bound.
    if (this.streams.size < 4) this.streams.set(id, lines);
    return lines;
  }

  private keep(line: string): void {
    if (line === '') return;
    this.lines.push(line);
    this.size += line.length;
    while (this.lines.length > this.maxLines || (this.size > textLimit && this.lines.length > 1))
      this.size -= this.lines.shift()?.length ?? 0;
  }
}

/** Cuts the bytes of one stream into lines. */
class StreamLines {
  private readonly decoder = new StringDecoder('utf8');
  private line = '';
  private isCut = false;

  constructor(private readonly onLine: (line: string) => void) {}

  add(bytes: Buffer): void {
    const pieces = this.decoder.write(bytes).split('\n');
    pieces.forEach((piece, index) => {
      if (index > 0) this.end();
      this.isCut ||= this.line.length + piece.length > lineLimit;
      this.line += piece.slice(0, lineLimit - this.line.length);
    });
  }

  end(): void {
    const { line, isCut } = this;
    this.line = '';
    this.isCut = false;
    this.onLine(isCut ? `${line}…` : line.replace(/\r$/, ''));
  }
}
