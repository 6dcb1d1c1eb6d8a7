import { setTimeout } from 'node:timers/promises';
import type { Host } from '../support/host.js';
import type { Extent, Row } from '../support/measure.js';

const settlesMs = 5_000;

/** What the service does while nobody asks it for anything. */
export async function idle(host: Host, { quick }: Extent): Promise<Row[]> {
  const forMs = quick ? 15_000 : 60_000;
  const { program } = await host.service();
  // The connections of the start are let go of within 5 s.
  await setTimeout(settlesMs + 1000);
  const before = { cpuMs: program.cpuMs, bytes: program.transferredBytes, mib: program.residentMiB };
  await setTimeout(forMs);
  const cpu = ((program.cpuMs - before.cpuMs) / forMs) * 100;
  const bytes = program.transferredBytes - before.bytes;
  const mib = program.residentMiB - before.mib;
  await program.stop();
  return [
    {
      measure: `idle for ${forMs / 1000} s`,
      baseline: '–',
      toReach: '0 bytes read or written, ≤ 0.1 % CPU, no growth of memory',
      holds: bytes === 0 && cpu <= 0.1 && mib < 0.5,
      reached: `**${bytes} bytes, ${cpu.toFixed(2)} %, ${mib.toFixed(1)} MiB**`,
    },
  ];
}
