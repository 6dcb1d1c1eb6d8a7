import type Docker from 'dockerode';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import type { Extent, Row } from './measure.js';

export function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ measure, baseline, toReach, reached, holds }) =>
      `| ${measure} | ${baseline} | ${toReach} | ${reached} | ${holds ? 'yes' : 'no'} |`,
  );
  return ['| measure | baseline in the same run | to reach | reached | |', '|---|---|---|---|---|', ...lines].join(
    '\n',
  );
}

/** docs/benchmarks.md: the figures between marks, the words of people around them kept. */
export async function report(rows: readonly Row[], trace: string, docker: Docker, { rounds }: Extent): Promise<string> {
  const [cpu] = cpus();
  const { Version, ApiVersion, KernelVersion } = await docker.version();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${KernelVersion}, Docker Engine ${Version} (API ${ApiVersion}), Node ${process.version}`;
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  const figures = [
    `${new Date().toISOString().slice(0, 10)}; ${machine}; load average at the end ${load}. Medians of ${rounds} rounds, in turns.`,
    table(rows),
    '## All calls to the engine of one update',
    trace,
  ].join('\n\n');
  const page = readFileSync('docs/benchmarks.md', 'utf8');
  return page.replace(
    /(<!-- figures -->\n)[^]*(\n<!-- end of the figures -->)/,
    (_, begin: string, end: string) => begin + '\n' + figures + '\n' + end,
  );
}
