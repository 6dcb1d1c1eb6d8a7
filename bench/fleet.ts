// Measures how a fleet grows with its hosts: npm run bench:fleet [-- --quick] [-- --hosts 10,100]. Real replicas and a real Redis; agents that are real in all that
// they have to do with Redis, and have a fake engine. A whole run writes docs/fleet-scale.md; a quick one, or one of other
// sizes, prints its table alone.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { cleanUp, isInterrupted } from '../test/support/runner/cleanup.js';
import { redisProgram } from '../test/support/service/redis.js';
import { figuresOf, type FleetExtent, type FleetFigures } from './fleet/fleet-figures.js';
import { fleetTable } from './fleet/fleet-report.js';
import { circumstances, writeFigures } from './support/report.js';

const { quick, hosts: asked } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, hosts: { type: 'string' } },
}).values;
const fleets = asked?.split(',').map(Number) ?? (quick ? [10, 50] : [10, 100, 300, 1000]);
const extent: FleetExtent = quick
  ? { restMs: 4000, single: 500, everywhere: 50, times: 5, rollouts: 1 }
  : { restMs: 60_000, single: 2000, everywhere: 100, times: 10, rollouts: 1 };

const all: FleetFigures[] = [];

try {
  if (!redisProgram) throw new Error('there is no redis-server, and none can be had from Debian');
  for (const hosts of fleets) {
    console.log(`${hosts} hosts …`);
    all.push(await figuresOf(hosts, extent));
  }
  if (!quick && asked === undefined)
    writeFigures('docs/fleet-scale.md', `${circumstances(`Redis ${redisVersion()}`)}.\n\n${fleetTable(all)}`);
} catch (error) {
  if (!isInterrupted()) {
    console.error(error);
    process.exitCode = 1;
  }
} finally {
  if (all.length > 0) console.log(`\n${fleetTable(all)}\n`);
  await cleanUp();
}

function redisVersion(): string {
  const { path = '', env } = redisProgram ?? {};
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', env: { ...process.env, ...env } });
  return /v=(\S+)/.exec(stdout)?.[1] ?? 'of an unknown version';
}
