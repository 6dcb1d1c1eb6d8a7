import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

interface Row {
  engine: string;
  update: string;
  disturbance: string;
  done: number;
  inOrder: number;
}

const rows = new Map<string, Row>();
const began = Date.now();

const failures: string[] = [];

/** Counts a disturbance before it is made, so that one after which nothing was in order is counted too. */
export function count(
  engine: string,
  update: string,
  disturbance: string,
): { isInOrder(): void; isNot(why: string): void } {
  const key = [engine, update, disturbance].join('\n');
  const row = rows.get(key) ?? { engine, update, disturbance, done: 0, inOrder: 0 };
  rows.set(key, row);
  row.done++;
  return {
    isInOrder: () => {
      row.inOrder++;
    },
    isNot: (why) => {
      failures.push(why);
    },
  };
}

/**
 * Writes down what a run of `npm run test:chaos` has done, for those who do not want to run it themselves.
 * @param oneOf of so many points it took one
 */
export function writeReport(path: string, oneOf: number): void {
  const all = [...rows.values()];
  const total = (what: 'done' | 'inOrder'): number => all.reduce((sum, row) => sum + row[what], 0);
  const gib = Math.round(totalmem() / 1024 ** 3);
  const lines = [
    oneOf === 1 ? '# Chaos: the last full run' : `# Chaos: the last run, of one of every ${oneOf} points`,
    '',
    'Written by `npm run test:chaos`, which disturbs updates of a real container on real engines, and looks each time whether in the end one container has the name, runs,',
    'has what its user set, and nothing else is left. The points are generated from the calls that an undisturbed update makes: before and after each of them.',
    '',
    `${new Date(began).toISOString().slice(0, 16).replace('T', ' ')} UTC · Node ${process.version} · ${cpus().length} cores, ${gib} GiB · ${Math.round((Date.now() - began) / 60_000)} min`,
    '',
    '| engine | update | disturbance | times | in order afterwards |',
    '|---|---|---|---:|---:|',
    ...all.map(
      ({ engine, update, disturbance, done, inOrder }) =>
        `| ${engine} | ${update} | ${disturbance} | ${done} | ${inOrder} |`,
    ),
    `| | | **all** | **${total('done')}** | **${total('inOrder')}** |`,
    '',
    'An `update` succeeds and a `rollback` has a new image that exits at once, both in the order stop-first; a `start-first` update succeeds. A dependent shares the',
    'network of the container. The container is the same one from the first disturbance to the last.',
    '',
    ...(failures.length > 0 ? ['Not in order:', '', ...failures.map((failure) => `- ${failure}`), ''] : []),
  ];
  writeFileSync(path, lines.join('\n'));
}
