import { Buffer } from 'node:buffer';
import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import type { Evidence } from './outcome.js';

const logLines = 20;
const lineLimit = 500;
const healthOutputLimit = 2000;
const secretLimit = 8;

/**
 * What a replacement that failed its proof has to say: exit code, last health check, last log lines, with every
 * environment value of 8 characters or more masked. Never throws: it explains a failure, it must not become one.
 */
export async function collectEvidence(engine: Engine, containerId: string): Promise<Evidence> {
  try {
    const container = await engine.inspectContainer(containerId);
    const mask = maskFor(container);
    const healthOutput = container.State.Health?.Log?.at(-1)?.Output;
    const output = await engine.containerLogs(containerId, logLines).catch(() => Buffer.alloc(0));
    return {
      // One that waits for its restart counts as running, and still has its last exit code.
      exitCode: container.State.Running && !container.State.Restarting ? undefined : container.State.ExitCode,
      healthOutput: healthOutput ? mask(healthOutput.slice(-healthOutputLimit)) : undefined,
      logTail: toLines(container.Config.Tty ? output : demultiplex(output)).map(mask),
    };
  } catch {
    return {};
  }
}

function maskFor({ Config }: ContainerInspect): (text: string) => string {
  const secrets = (Config.Env ?? [])
    .map((entry) => entry.slice(entry.indexOf('=') + 1))
    .filter((value) => value.length >= secretLimit);
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

function toLines(output: Buffer): string[] {
  return output
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(-logLines)
    .map((line) => line.slice(0, lineLimit));
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
