import { lastLines } from '../engine/last-lines.js';
import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { limited } from '../../common/deadline.js';
import type { Engine } from '../engine/engine.js';
import { LogTail } from '../engine/log-tail.js';
import type { Mask } from '../../common/mask.js';
import type { Evidence } from '../update/outcome.js';
import { hasRun } from '../engine/container.js';

const healthOutputLimit = 2000;
/** How much of a log is read, and for how long: a driver that is slow to answer keeps nobody waiting. */
const readLimitBytes = 16 * 1024 * 1024;
const readLimitMs = 10_000;

/** What is told of evidence: how many log lines, 0 for none, whether health output, and none of the secrets. */
export interface EvidenceTerms {
  logLines: number;
  tellsHealth?: boolean;
  mask: Mask;
}

/**
 * What may be told of a container that failed.
 * @param options the container's: `tellsOutput: false` keeps all that it printed to itself
 */
export function evidenceTerms(
  { tellsOutput = true }: { tellsOutput?: boolean },
  logTailLines: number,
  mask: Mask,
): EvidenceTerms {
  return { logLines: tellsOutput ? logTailLines : 0, tellsHealth: tellsOutput, mask };
}

/**
 * Looks at a replacement that failed before anything is done to it: a stop changes its exit code. The function that comes
 * back reads the rest, its log, once the old container runs again; a replacement run with `--rm` takes its log along when it
 * stops, so that of this one it is read at once. Neither throws: evidence explains a failure, it must not become one.
 */
export async function lookForEvidence(
  engine: Engine,
  containerId: string,
  { logLines, tellsHealth = true, mask }: EvidenceTerms,
): Promise<() => Promise<Evidence>> {
  const container = await engine.inspectContainer(containerId).catch(() => undefined);
  if (!container) return () => Promise.resolve({});
  const { State, Config, HostConfig } = container;
  // One that could not be started has nothing to say but the code that the engine gave it.
  if (!hasRun(container)) {
    const evidence = State.ExitCode === 0 ? {} : { exitCode: State.ExitCode };
    return () => Promise.resolve(evidence);
  }
  let logTail: Promise<string[] | undefined> | undefined;
  const read = async (): Promise<Evidence> => {
    const healthOutput = tellsHealth ? State.Health?.Log?.at(-1)?.Output : undefined;
    logTail ??= readLogTail((signal) => engine.containerLogs(containerId, logLines, signal), {
      logLines,
      mask,
      isPlain: Config.Tty === true,
    });
    return {
      // One that waits for its restart counts as running, and still has its last exit code.
      exitCode: State.Running && !State.Restarting ? undefined : State.ExitCode,
      // Masked before anything is cut: half a secret would not be known for one.
      healthOutput: healthOutput ? mask(healthOutput).slice(-healthOutputLimit) : undefined,
      logTail: await logTail,
    };
  };
  if (HostConfig.AutoRemove === true) await read();
  return read;
}

/**
 * The last lines of an output, masked; undefined where none are asked for. What cannot be read any more when the time or the
 * bytes are over is left out. Never throws.
 * @param isPlain as of LogTail
 */
export async function readLogTail(
  open: (signal: AbortSignal) => Promise<IncomingMessage>,
  { logLines, mask, isPlain }: EvidenceTerms & { isPlain: boolean },
): Promise<string[] | undefined> {
  if (logLines === 0) return undefined;
  const tail = new LogTail(logLines, isPlain);
  const { signal, end } = limited(readLimitMs);
  try {
    let bytes = 0;
    for await (const chunk of (await open(signal)) as AsyncIterable<Buffer>) {
      tail.add(chunk);
      bytes += chunk.length;
      if (bytes > readLimitBytes) break;
    }
  } catch {
    // A log driver that cannot be read, or that took too long.
  } finally {
    end();
  }
  return lastLines(mask(tail.text()), logLines);
}
