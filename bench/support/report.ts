import type Docker from 'dockerode';
import { readFileSync, writeFileSync } from 'node:fs';
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

/** What docs/benchmarks.md says of a run. */
export async function report(rows: readonly Row[], trace: string, docker: Docker, { rounds }: Extent): Promise<string> {
  const { Version, ApiVersion } = await docker.version();
  return [
    `${circumstances(`Docker Engine ${Version} (API ${ApiVersion})`)}. Medians of ${rounds} rounds, in turns.`,
    table(rows),
    '## All calls to the engine of one update',
    trace,
  ].join('\n\n');
}

/** When and where it was measured, and how busy the machine was with it and with other things. */
export function circumstances(server: string): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  const date = new Date().toISOString().slice(0, 10);
  return `${date}; ${machine}, ${server}, Node ${process.version}; load average at the end ${load}`;
}

/** Writes the figures between the marks of a page, and keeps the words of people around them. */
export function writeFigures(path: string, figures: string): void {
  const page = readFileSync(path, 'utf8');
  const written = page.replace(
    /(<!-- figures -->\n)[^]*(\n<!-- end of the figures -->)/,
    (_, begin: string, end: string) => begin + '\n' + figures + '\n' + end,
  );
  writeFileSync(path, written);
}
