import { Buffer } from 'node:buffer';
import type { Engine } from './engine.js';
import type { Mask } from './disclosure.js';
import type { ContainerInspect } from './engine-types.js';
import type { Evidence } from './outcome.js';

const lineLimit = 500;
const logLimitBytes = 16 * 1024;
const healthOutputLimit = 2000;

/**
 * What a replacement that failed has to say: exit code, last health check, last log lines, all masked.
 * Never throws: it explains a failure, it must not become one.
 * @param logLines how many log lines to ask for; 0 for none
 */
export async function collectEvidence(
  engine: Engine,
  containerId: string,
  { logLines, mask }: { logLines: number; mask: Mask },
): Promise<Evidence> {
  try {
    const container = await engine.inspectContainer(containerId);
    // One that could not be started has nothing to say but the code that the engine gave it.
    if (!hasRun(container)) return container.State.ExitCode === 0 ? {} : { exitCode: container.State.ExitCode };
    const healthOutput = container.State.Health?.Log?.at(-1)?.Output;
    const output =
      logLines === 0 ? undefined : await engine.containerLogs(containerId, logLines).catch(() => Buffer.alloc(0));
    return {
      // One that waits for its restart counts as running, and still has its last exit code.
      exitCode: container.State.Running && !container.State.Restarting ? undefined : container.State.ExitCode,
      // Masked before anything is cut: half a secret would not be known for one.
      healthOutput: healthOutput ? mask(healthOutput).slice(-healthOutputLimit) : undefined,
      logTail:
        output && lastLines(mask((container.Config.Tty ? output : demultiplex(output)).toString('utf8')), logLines),
    };
  } catch {
    return {};
  }
}

/** Whether anything of a container ever ran: the engine writes the year 1 for what has not happened. */
export function hasRun({ State }: Pick<ContainerInspect, 'State'>): boolean {
  return Date.parse(State.StartedAt) > 0;
}

/** The last lines of a text that are not empty, each cut to 500 characters, in all at most 16 KiB. */
export function lastLines(text: string, count: number): string[] {
  const lines = text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(-count)
    .map((line) => line.slice(0, lineLimit));
  let bytes = 0;
  const first = lines.findLastIndex((line) => (bytes += Buffer.byteLength(line)) > logLimitBytes);
  return lines.slice(first + 1);
}

/** Joins the payloads of the engine's frames: 1 byte stream, 3 bytes zero, 4 bytes length (Engine API, "Attach to a container"). */
export function demultiplex(frames: Buffer): Buffer {
  const payloads: Buffer[] = [];
  let offset = 0;
  while (offset + 8 <= frames.length) {
    const length = frames.readUInt32BE(offset + 4);
    payloads.push(frames.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  return Buffer.concat(payloads);
}
