import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

const began = Date.now();
const lines: string[] = [];

/** Notes what an attack came to, once all that is expected of it was seen. */
export function note(attack: string, outcome: string): void {
  lines.push(`| ${attack} | ${outcome} |`);
}

/** Writes down what a full run of `npm run test:hostile` has seen, for those who do not want to run it themselves. */
export function writeReport(path: string, mostGrowthKib: number): void {
  const gib = Math.round(totalmem() / 1024 ** 3);
  const minutes = Math.round((Date.now() - began) / 60_000);
  const text = [
    '# Hostile networks: the last full run',
    '',
    'Written by `npm run test:hostile`, which attacks the service as it runs in production. After each attack it must answer valid callers, have logged no error, and have kept its memory.',
    '',
    `${new Date(began).toISOString().slice(0, 16).replace('T', ' ')} UTC · Node ${process.version} · ${cpus().length} cores, ${gib} GiB · ${minutes} min`,
    '',
    '| attack | what came of it |',
    '|---|---|',
    ...lines,
    `| all of it | resident memory grew by ${Math.round(mostGrowthKib / 1024)} MiB at the most, seen after each |`,
    '',
  ];
  writeFileSync(path, text.join('\n'));
}
