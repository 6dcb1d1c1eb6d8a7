import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Host } from '../support/host.js';
import type { Extent, Row } from '../support/measure.js';
import { Program } from '../support/program.js';

/** Connections of the start are let go of within 5 s, and V8 tidies up for some more. */
const settlesMs = { usual: 20_000, quick: 8_000 };

/** What the service does while nobody asks it for anything, in a network namespace of its own: all that is sent there is its own. */
export async function idle(host: Host, { quick }: Extent): Promise<Row[]> {
  const forMs = quick ? 10_000 : 60_000;
  const engine = await host.proxy();
  const config = join(mkdtempSync(join(tmpdir(), 'idle-')), 'config.json');
  writeFileSync(config, '{}');
  const program = await Program.start(
    ['unshare', '--net', process.execPath, 'bundle/main.cjs'],
    () => engine.calls.length > 0,
    { DOCKER_HOST: engine.dockerHost, DOCKER_CONFIG_PATH: config },
  );
  await setTimeout(quick ? settlesMs.quick : settlesMs.usual);
  engine.reset();
  const before = { cpuMs: program.cpuMs, bytes: program.networkBytes, mib: program.residentMiB };
  await setTimeout(forMs);
  const cpu = ((program.cpuMs - before.cpuMs) / forMs) * 100;
  const bytes = program.networkBytes - before.bytes;
  const mib = program.residentMiB - before.mib;
  const calls = engine.calls.length;
  await program.stop();
  return [
    {
      measure: `idle for ${forMs / 1000} s`,
      baseline: '–',
      toReach: '0 bytes on any network, no call to the engine, ≤ 0.1 % CPU, no growth of memory',
      holds: bytes === 0 && calls === 0 && cpu <= 0.1 && mib < 0.5,
      reached: `**${bytes} bytes, ${calls} calls, ${cpu.toFixed(2)} %, ${mib.toFixed(1)} MiB**`,
    },
  ];
}
