// Measures the service beside its rivals and beside what the engine can do: npm run bench [-- --quick] [-- --only NAME,…] [-- --rounds N]
// Prints a table. A whole run also writes docs/benchmarks.md. Linux alone: memory and CPU time are read from /proc.
import { parseArgs } from 'node:util';
import { cleanUp, isInterrupted } from '../test/support/runner/cleanup.js';
import { Unavailable } from '../test/support/runner/packages.js';
import { accepting } from './measures/accepting.js';
import { crowd } from './measures/crowd.js';
import { flood } from './measures/flood.js';
import { idle } from './measures/idle.js';
import { ownTime } from './measures/own-time.js';
import { startFirst } from './measures/start-first.js';
import { startUp } from './measures/start-up.js';
import { unchanged } from './measures/unchanged.js';
import { updating } from './measures/updating.js';
import { withoutRedis } from './measures/without-redis.js';
import { Host } from './support/host.js';
import type { Extent, Row } from './support/measure.js';
import { report, table, writeFigures } from './support/report.js';

const { quick, only, rounds } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, rounds: { type: 'string' } },
}).values;
const extent: Extent = { quick, rounds: Number(rounds ?? (quick ? 1 : 7)) };

const rows: Row[] = [];
let trace = '';
let host: Promise<Host> | undefined;
const onHost = (): Promise<Host> => (host ??= Host.start());

const measures: Record<string, () => Promise<Row[]>> = {
  'start-up': () => startUp(extent),
  'without-redis': () => withoutRedis(extent),
  accepting: () => accepting(extent),
  updating: async () => updating(await onHost(), extent),
  'start-first': async () => startFirst(await onHost(), extent),
  'own-time': async () => {
    const traced = await ownTime(await onHost(), extent);
    trace = traced.trace;
    return traced.rows;
  },
  unchanged: async () => unchanged(await onHost(), extent),
  crowd: async () => crowd(await onHost(), extent),
  flood: async () => flood(await onHost(), extent),
  idle: async () => idle(await onHost(), extent),
};

try {
  for (const [name, measure] of Object.entries(measures)) {
    if (only !== undefined && !only.split(',').includes(name)) continue;
    console.log(`${name} …`);
    rows.push(...(await measure()));
  }
  console.log(`\n${table(rows)}\n\n${trace}\n`);
  if (!quick && only === undefined)
    writeFigures('docs/benchmarks.md', await report(rows, trace, (await onHost()).docker, extent));
} catch (error) {
  if (!isInterrupted()) {
    if (rows.length > 0) console.log(`\n${table(rows)}\n`);
    console.error(error instanceof Unavailable ? error.message : error);
    process.exitCode = 1;
  }
} finally {
  await cleanUp();
}
