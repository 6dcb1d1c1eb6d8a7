// One lane of the tests: starts an engine and registries where they can be had, runs Jest against them, one job after
// the other as its parent tells, and ends what it started. In a network namespace of its own, lanes run side by side.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { busyboxFor } from '../fixtures/busybox.js';
import { cleanUp, isInterrupted } from './cleanup.js';
import { findOrStartEngine } from '../engine/engine.js';
import { toVariables, type TestEnvironment } from './environment.variables.js';
import { needsNewestEngine, type Job, type JobDone, type LaneReady } from './lane.protocol.js';
import { Unavailable } from './packages.js';
import { PrivateEngine } from '../engine/private-engine.js';
import { account, Registry } from '../registry/registry.js';
import { TestRun } from './test-run.js';

interface JestResults {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
}

/** In CI, where a run that skips what it is for must not pass. */
const isEngineRequired = process.env.TEST_ENGINE === 'required';
const run = new TestRun();
let newest: Promise<TestEnvironment['newestEngine']> | undefined;
// A parent that was killed cannot say that there is no more.
process.once('disconnect', () => void cleanUp().finally(() => process.exit()));
try {
  const { started, ready } = await startWhatIsNeeded();
  let job = nextJob();
  tell({ ready, isPrivateEngine: ready.includes('private') });
  for (let args = await job; args.length > 0; args = await job) {
    const done = await runJest(args, started ? toVariables(await environmentFor(args, started)) : {});
    job = nextJob();
    tell(done);
  }
} catch (error) {
  if (!isInterrupted()) console.error(error);
  process.exitCode = 1;
} finally {
  await cleanUp();
  if (process.connected) process.disconnect();
}

async function nextJob(): Promise<Job> {
  const [job] = (await once(process, 'message')) as [Job];
  return job;
}

function tell(message: LaneReady | JobDone): void {
  process.send?.(message);
}

interface Started {
  environment: TestEnvironment;
  registries: Registry[];
}

async function startWhatIsNeeded(): Promise<{ started?: Started; ready: string }> {
  try {
    const engine = await findOrStartEngine(run);
    await busyboxFor(engine.docker);
    const place = { runId: run.id, folder: run.folder };
    const registry = await Registry.start(engine, place);
    const privateRegistry = await Registry.start(engine, { ...place, withAccount: true });
    const { Version, ApiVersion } = await engine.docker.version();
    const environment: TestEnvironment = {
      ...place,
      dockerHost: engine.dockerHost,
      engineVersion: releaseOf(Version),
      isPrivateEngine: engine.private !== undefined,
      newestEngine: { missing: 'no test has asked for it' },
      registry: registry.host,
      privateRegistry: privateRegistry.host,
      account,
    };
    const owner = engine.private ? 'private' : "this machine's own";
    return {
      started: { environment, registries: [registry, privateRegistry] },
      ready: `Testing with Docker Engine ${Version} (API ${ApiVersion}, ${owner}) and Node ${process.version}`,
    };
  } catch (error) {
    if (!(error instanceof Unavailable) || isEngineRequired) throw error;
    return { ready: `The tests on a real engine are skipped: ${error.message}` };
  }
}

/** What a job's tests are told: with the newest engine, started once, where they ask for it. */
async function environmentFor(job: Job, { environment, registries }: Started): Promise<TestEnvironment> {
  if (!job.some((argument) => argument.endsWith('.ts') && needsNewestEngine(argument))) return environment;
  newest ??= startNewestEngine(registries);
  return { ...environment, newestEngine: await newest };
}

async function startNewestEngine(registries: Registry[]): Promise<TestEnvironment['newestEngine']> {
  try {
    const engine = await PrivateEngine.startNewest(run.folder, 'newest-engine');
    for (const registry of registries) if (engine.namespaces) await registry.serveIn(engine.namespaces);
    const { Version, ApiVersion } = await engine.docker.version();
    console.log(`Testing with Docker Engine ${Version} (API ${ApiVersion}, private) as well`);
    return { folder: engine.folder, version: releaseOf(Version) };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`The tests on the newest engine are skipped: ${error.message}`);
    return { missing: error.message };
  }
}

/** Without what a distribution adds. */
function releaseOf(version: string): string {
  return version.split('+')[0] ?? version;
}

/** @throws Error where Jest ended without results */
async function runJest(args: string[], variables: Record<string, string>): Promise<JobDone> {
  const outputFile = join(run.folder, 'results.json');
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const child = spawn(
    process.execPath,
    [
      ...['--experimental-vm-modules', '--no-warnings', jest],
      // One after the other: they share an engine.
      ...['--runInBand', '--forceExit', '--verbose=false', '--json', `--outputFile=${outputFile}`],
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { ...process.env, ...variables } },
  );
  run.takeAlong(child);
  const [output, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  const results = JSON.parse(readFileSync(outputFile, 'utf8')) as JestResults;
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
    // Its summary is of this job alone.
    output: output.split('\nTest Suites:')[0] ?? '',
  };
}
