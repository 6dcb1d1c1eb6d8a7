import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

interface Row {
  /** Engine, update and disturbance, as the cells of a table. */
  cells: string;
  done: number;
  failures: string[];
}

const rows = new Map<string, Row>();
const began = Date.now();

/** Counts a disturbance before it is made, so that one after which nothing was in order is counted too. */
export function count(engine: string, update: string, disturbance: string): { isNot(why: string): void } {
  const cells = `| ${engine} | ${update} | ${disturbance} |`;
  const row = rows.get(cells) ?? { cells, done: 0, failures: [] };
  rows.set(cells, row);
  row.done++;
  return {
    isNot: (why) => {
      row.failures.push(why);
    },
  };
}

/**
 * Writes down what a run of `npm run test:chaos` has done, for those who do not want to run it themselves. It takes hours:
 * what an earlier run did, and this one does not, stays.
 * @param oneOf of so many points it took one
 */
export function writeReport(path: string, oneOf: number): void {
  const gib = Math.round(totalmem() / 1024 ** 3);
  const when = `${new Date(began).toISOString().slice(0, 16).replace('T', ' ')} UTC, Node ${process.version}, ${cpus().length} cores, ${gib} GiB`;
  const points = oneOf === 1 ? 'all' : `one of ${oneOf}`;
  const isOfThisRun = (line: string): boolean => [...rows.keys()].some((cells) => line.startsWith(cells));
  const table = [
    ...linesOf(path).filter((line) => line.startsWith('| Docker') && !isOfThisRun(line)),
    ...[...rows.values()].map(
      ({ cells, done, failures }) => `${cells} ${points} | ${done} | ${done - failures.length} | ${when} |`,
    ),
  ];
  const failures = [
    ...linesOf(path).filter((line) => line.startsWith('- | Docker') && !isOfThisRun(line.slice(2))),
    ...[...rows.values()].flatMap(({ cells, failures: why }) => why.map((text) => `- ${cells} ${text}`)),
  ];
  const total = (column: number): number =>
    table.reduce((sum, line) => sum + Number(line.split('|')[column]?.trim()), 0);
  const lines = [
    '# Chaos',
    '',
    'Written by `npm run test:chaos`, which disturbs updates of a real container on real engines, and looks each time whether in the end one container has the name, runs,',
    'has what its user set, and nothing else is left. The points are generated from the calls that an undisturbed update makes: before and after each of them. Each row',
    'is of the last run that made it.',
    '',
    '| engine | update | disturbance | points | times | in order afterwards | run |',
    '|---|---|---|---|---:|---:|---|',
    ...table.sort(),
    `| | | | **all** | **${total(5)}** | **${total(6)}** | |`,
    '',
    'An `update` succeeds and a `rollback` has a new image that exits at once, both in the order stop-first; a `start-first` update succeeds. A dependent shares the',
    'network of the container. The container is the same one from the first disturbance to the last.',
    '',
    ...(failures.length > 0 ? ['Not in order:', '', ...failures, ''] : []),
  ];
  writeFileSync(path, lines.join('\n'));
}

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}
