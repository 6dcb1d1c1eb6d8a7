import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

const began = Date.now();
const lines: string[] = [];

interface Page {
  title: string;
  /** What was done, and what had to hold each time. */
  about: string;
  /** The heads of the two columns. */
  columns: readonly [string, string];
  /** Beside Node's: of what it ran against. */
  versions?: readonly string[];
}

/** Notes what something came to, once all that is expected of it was seen. */
export function note(what: string, outcome: string): void {
  lines.push(`| ${what} | ${outcome} |`);
}

/** Writes down what a full run of a long suite has seen, for those who do not want to run it themselves. */
export function writeReport(path: string, { title, about, columns, versions = [] }: Page): void {
  const gib = Math.round(totalmem() / 1024 ** 3);
  const minutes = Math.round((Date.now() - began) / 60_000);
  const day = new Date(began).toISOString().slice(0, 16).replace('T', ' ');
  const facts = [`${day} UTC`, `Node ${process.version}`, ...versions, `${cpus().length} cores, ${gib} GiB`];
  const text = [
    `# ${title}: the last full run`,
    '',
    about,
    '',
    `${facts.join(' · ')} · ${minutes} min`,
    '',
    `| ${columns.join(' | ')} |`,
    '|---|---|',
    ...lines,
    '',
  ];
  writeFileSync(path, text.join('\n'));
}
