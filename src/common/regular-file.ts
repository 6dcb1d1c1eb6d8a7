import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { withFileTimeout, type FileTimeoutOptions } from './file-timeout.js';

/** No file that the service is given is longer: 1 MiB. */
const maxBytes = 1024 * 1024;

/** A FIFO without a writer, or a device that is not ready, must not hold the open itself. */
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/** Says why a file cannot be used. The message continues a sentence about the file and holds nothing of its content. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile';

  /** @param code as in `ENOENT`; undefined when the file itself is wrong */
  constructor(
    message: string,
    readonly code?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Reads a regular file of at most 1 MiB. Every file that an operator names goes through here: a FIFO, a device, an endless file
 * or a mount that hangs must not hold the service.
 * @throws UnusableFile, also when the file does not answer in time or `signal` is aborted
 */
export async function readRegularFile(path: string, options?: FileTimeoutOptions): Promise<Buffer> {
  return withFileTimeout(path, () => readOpened(path), options).catch(rethrowAsUnusable);
}

/**
 * The same without a timeout, for the start alone: `assertFilesAnswer` looks before whether the files answer.
 * @throws UnusableFile
 */
export function readRegularFileSync(path: string): Buffer {
  try {
    const file = openSync(path, openFlags);
    try {
      assertRegular(fstatSync(file));
      const buffer = Buffer.alloc(maxBytes + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < buffer.length; length += read)
        read = readSync(file, buffer, length, buffer.length - length, null);
      return bounded(buffer.subarray(0, length));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return rethrowAsUnusable(error);
  }
}

/**
 * A stamp that changes whenever the file behind the path, links followed, is replaced or written. A file that cannot be looked at has
 * a stamp too: it names the error.
 */
export async function fileStamp(path: string, options?: FileTimeoutOptions): Promise<string> {
  try {
    return stampOf(await withFileTimeout(path, () => stat(path, { bigint: true }), options));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

async function readOpened(path: string): Promise<Buffer> {
  const file = await open(path, openFlags);
  try {
    assertRegular(await file.stat());
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = (await file.read(buffer, length, buffer.length - length, null)).bytesRead;
    return bounded(buffer.subarray(0, length));
  } finally {
    await file.close();
  }
}

function assertRegular(stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new UnusableFile('is a folder', 'EISDIR');
  throw new UnusableFile('is not a regular file');
}

function bounded(content: Buffer): Buffer {
  if (content.length <= maxBytes) return content;
  throw new UnusableFile(`has more than ${maxBytes} bytes`);
}

function rethrowAsUnusable(error: unknown): never {
  if (error instanceof UnusableFile) throw error;
  const { code = 'error', message } = error as NodeJS.ErrnoException;
  if (code === 'ETIMEDOUT') throw new UnusableFile(message, code, { cause: error });
  throw new UnusableFile(`cannot be read (${code})`, code, { cause: error });
}
