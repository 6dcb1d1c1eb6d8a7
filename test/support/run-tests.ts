// Starts an engine and registries where they can be had, runs Jest against them, and ends what it started.
// The last line is `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { busyboxFor } from './busybox.js';
import { cleanUp, isInterrupted } from './cleanup.js';
import { findOrStartEngine } from './engine.js';
import { toVariables } from './environment.variables.js';
import { Unavailable } from './packages.js';
import { account, Registry } from './registry.js';
import { TestRun } from './test-run.js';

interface JestResults {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
}

const run = new TestRun();
let summary = '0 passed, 1 failed, 0 skipped';
process.exitCode = 1;
try {
  const variables = await startWhatIsNeeded();
  const { results, exitCode } = await runJest(variables);
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  summary = `${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests + results.numTodoTests} skipped`;
  process.exitCode = failed > 0 ? 1 : exitCode;
} catch (error) {
  if (!isInterrupted()) console.error(error);
} finally {
  await cleanUp();
}
console.log(summary);

async function startWhatIsNeeded(): Promise<Record<string, string>> {
  try {
    const engine = await findOrStartEngine(run);
    await busyboxFor(engine.docker);
    const place = { runId: run.id, folder: run.folder };
    const registry = await Registry.start(engine, place);
    const privateRegistry = await Registry.start(engine, { ...place, withAccount: true });
    const { Version, ApiVersion } = await engine.docker.version();
    console.log(
      `Testing with Docker Engine ${Version} (API ${ApiVersion}, ${engine.private ? 'private' : "this machine's own"}) and Node ${process.version}`,
    );
    return toVariables({
      ...place,
      dockerHost: engine.dockerHost,
      isPrivateEngine: engine.private !== undefined,
      registry: registry.host,
      privateRegistry: privateRegistry.host,
      account,
    });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`The tests on a real engine are skipped: ${error.message}`);
    return {};
  }
}

/** @throws Error where Jest ended without results */
async function runJest(variables: Record<string, string>): Promise<{ results: JestResults; exitCode: number }> {
  const outputFile = join(run.folder, 'results.json');
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      jest,
      '--json',
      `--outputFile=${outputFile}`,
      // One after the other: they share an engine.
      '--runInBand',
      '--forceExit',
      ...process.argv.slice(2),
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
      env: { ...process.env, ...variables },
    },
  );
  run.takeAlong(child);
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  return { results: JSON.parse(readFileSync(outputFile, 'utf8')) as JestResults, exitCode: exitCode ?? 1 };
}
