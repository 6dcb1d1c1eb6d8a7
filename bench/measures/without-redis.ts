import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { onCleanUp } from '../../test/support/runner/cleanup.js';
import { atMost, median, ratio, type Extent, type Row } from '../support/measure.js';
import { Program } from '../support/program.js';

/** What a service without REDIS_URL has no use for, and has in its bundle all the same. */
const ofTheFleet = [
  ...['redis/redis-connections', 'deployments/redis.deployment-events', 'deployments/redis.deployment-store'],
  ...['queue/redis.queue.service', 'queue/announcer.service'],
];
/** Differences of a hundredth are sought. */
const roundsOfEach = 3;
const settlesMs = 500;

interface Figures {
  cpuMs: number;
  mib: number;
}

/** What the code for Redis and for a fleet costs those who have neither: beside the same bundle without that code. */
export async function withoutRedis({ rounds }: Extent): Promise<Row[]> {
  const bundles = { with: join(process.cwd(), 'bundle'), without: bundleWithoutFleet() };
  const ours: Figures[] = [];
  const theirs: Figures[] = [];
  for (let round = 0; round < rounds * roundsOfEach; round++) {
    ours.push(await figuresOf(bundles.with));
    theirs.push(await figuresOf(bundles.without));
  }
  const baseline = `the same bundle without that code, Node ${process.version}`;
  const row = (measure: string, [mine, its]: [number, number], unit?: (value: number) => string): Row => ({
    measure: `${measure} without \`REDIS_URL\``,
    baseline,
    ...atMost(1.05, mine / its),
    reached: ratio(mine, its, unit),
  });
  const of = (key: keyof Figures): [number, number] => [
    median(ours.map((figures) => figures[key])),
    median(theirs.map((figures) => figures[key])),
  ];
  return [
    row('CPU time of a start', of('cpuMs')),
    row('memory after it', of('mib'), (value) => `${value.toFixed(1)} MiB`),
    row('bytes read', [bytesOf(bundles.with), bytesOf(bundles.without)], (value) => `${(value / 1e6).toFixed(2)} MB`),
  ];
}

/** @returns the folder of a bundle that is made in the same way, of classes that are empty */
function bundleWithoutFleet(): string {
  const root = mkdtempSync(join(tmpdir(), 'without-fleet-'));
  onCleanUp(() => {
    rmSync(root, { recursive: true });
  });
  for (const part of ['dist', 'scripts', 'package.json']) cpSync(part, join(root, part), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  for (const name of ofTheFleet) {
    const path = join(root, 'dist', `${name}.js`);
    const exported = [...readFileSync(path, 'utf8').matchAll(/^export (?:class|const) (\w+)|^export \{ (\w+) \};/gm)];
    writeFileSync(path, exported.map(([, name, other]) => `export class ${name ?? other ?? ''} {}\n`).join(''));
  }
  execFileSync(process.execPath, ['scripts/bundle.mjs'], { cwd: root, stdio: 'ignore' });
  return join(root, 'bundle');
}

async function figuresOf(bundle: string): Promise<Figures> {
  const program = await Program.start([process.execPath, join(bundle, 'main.cjs')], '/health/live', {
    DOCKER_HOST: 'unix:///nowhere.sock',
  });
  try {
    const { cpuMs } = program;
    await setTimeout(settlesMs);
    return { cpuMs, mib: program.residentMiB };
  } finally {
    await program.stop();
  }
}

/** Of the source that is read at a start. */
function bytesOf(bundle: string): number {
  return statSync(join(bundle, 'service.cjs')).size;
}
