// Runs all tests in lanes, each with an engine of its own. The last line is `N passed, N failed, N skipped`.
// Arguments are Jest's: patterns of paths first, options after them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianRoot } from './debian-root.js';
import { Lane } from './lane.js';
import { needsNewestEngine, type Job } from './lane.protocol.js';
import { findDisclosed, secrecyVariable } from './secrecy.js';

const totals = { passed: 0, failed: 0, skipped: 0 };
const args = process.argv.slice(2);
const optionsAt = args.findIndex((argument) => argument.startsWith('-'));
const patterns = optionsAt < 0 ? args : args.slice(0, optionsAt);
const options = optionsAt < 0 ? [] : args.slice(optionsAt);
/** What goes beyond ten minutes, a file that is marked `@extended` or a part of one (extent.ts), runs where it is named, or asked for. */
if (patterns.length > 0) process.env.TEST_EVERYTHING = 'yes';
const isEverything = process.env.TEST_EVERYTHING === 'yes';
/** A lane waits for most of its time: for an engine, for a container to settle. */
const lanesAtMost = 3;
const lanes: Lane[] = [];
/** Whatever tests write, they write here: it goes with them. */
const folder = mkdtempSync(join(tmpdir(), 'tdp-'));
process.env.TMPDIR = folder;
const secrecyFolder = mkdtempSync(join(folder, 'secrecy-'));
process.env[secrecyVariable] = secrecyFolder;
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stop.abort();
    for (const lane of lanes) lane.signal(signal);
  });
}

process.exitCode = 1;
try {
  await runAll();
  searchForSecrets();
  if (!stop.signal.aborted && totals.failed === 0) process.exitCode = 0;
} catch (error) {
  totals.failed += 1;
  if (!stop.signal.aborted) console.error(error);
} finally {
  await Promise.all(lanes.map((lane) => lane.end()));
  // Never through a mount that a test left there: what it leads to may be somebody's.
  if (!mounts().includes(` ${folder}/`)) rmSync(folder, { recursive: true, force: true });
}
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);

async function runAll(): Promise<void> {
  const { anywhere, online, needsNewestEngine } = plan();
  // Meanwhile, and here, where the internet is; lanes that need it wait for it, and say why where it cannot be had.
  if (needsNewestEngine) void debianRoot().catch(() => undefined);
  const first = await start(new Lane());
  const working = [work(first, [online, anywhere])];
  // Beside each other on engines of their own, or all on the one that is there.
  const others = first.isPrivateEngine && availableParallelism() > 1 ? Math.min(anywhere.length, lanesAtMost) - 1 : 0;
  for (let lane = 0; lane < others; lane++) working.push(workBeside([anywhere]));
  await Promise.all(working);
}

async function workBeside(queues: Job[][]): Promise<void> {
  const lane = await start(new Lane('own network')).catch((error: unknown) => {
    console.log(`One lane less: ${(error as Error).message}`);
  });
  if (lane) await work(lane, queues);
}

function mounts(): string {
  return existsSync('/proc/self/mounts') ? readFileSync('/proc/self/mounts', 'utf8') : '';
}

/** The last test of every run: no secret that was used in it stands in anything that the service told anybody. */
function searchForSecrets(): void {
  const { secrets, lines, found } = findDisclosed(secrecyFolder);
  if (lines === 0) return;
  console.log(`Searched ${lines} lines of logs and answers for ${secrets} secrets: found ${found.length}`);
  for (const line of found.slice(0, 20)) console.error(`  a secret was told: ${line}`);
  if (found.length > 0) totals.failed += 1;
  else totals.passed += 1;
}

async function start(lane: Lane): Promise<Lane> {
  lanes.push(lane);
  console.log(await lane.ready());
  return lane;
}

async function work(lane: Lane, queues: Job[][]): Promise<void> {
  for (;;) {
    const job = queues.find((queue) => queue.length > 0)?.shift();
    if (!job || stop.signal.aborted) return;
    const { passed, failed, skipped, output } = await lane.run(job);
    process.stderr.write(output);
    totals.passed += passed;
    totals.failed += failed;
    totals.skipped += skipped;
  }
}

/**
 * One job for all unit tests, one for each end-to-end file; those that need the internet are for the lane that has it. Those that
 * need the newest engine come after a while, for it may have to be made. Otherwise long files go first, as Jest has it, so that
 * the lanes end together.
 */
function plan(): { anywhere: Job[]; online: Job[]; needsNewestEngine: boolean } {
  const endToEnd = listed('e2e')
    .map((file) => ({ file, text: readFileSync(file, 'utf8') }))
    .filter(({ text }) => isEverything || !text.includes('@extended'))
    .toSorted((one, other) => other.text.length - one.text.length)
    .map(({ file, text }) => ({
      file,
      isOnline: text.includes('@needs internet'),
      isLate: needsNewestEngine(file),
    }));
  const job = ({ file }: { file: string }): Job => ['--selectProjects', 'e2e', '--runTestsByPath', file, ...options];
  const offline = endToEnd.filter(({ isOnline }) => !isOnline);
  const early = offline.filter(({ isLate }) => !isLate).map(job);
  const late = offline.filter(({ isLate }) => isLate).map(job);
  const unit = listed('unit').length > 0 ? [[...patterns, '--selectProjects', 'unit', ...options]] : [];
  return {
    anywhere: [...early.splice(0, 2 * lanesAtMost), ...late, ...unit, ...early],
    online: endToEnd.filter(({ isOnline }) => isOnline).map(job),
    needsNewestEngine: endToEnd.some(({ isLate }) => isLate),
  };
}

function listed(project: string): string[] {
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', jest, ...patterns, '--listTests', '--selectProjects', project],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`Jest cannot list its tests: ${stderr}`);
  return stdout.split('\n').filter((line) => line.endsWith('.ts'));
}
