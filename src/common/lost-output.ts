import type { Writable } from 'node:stream';

/**
 * Lets the process outlive its log: on a full disk, or once nobody reads the log any more, lines are lost. Without this, Node
 * ends the process at the first line that cannot be written, in the middle of an update too.
 */
export function surviveLostOutput(streams: readonly Writable[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) stream.on('error', () => undefined);
}
