// Starts an engine and registries where they can be had, runs Jest against them, and ends what it started.
// The last line is `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp, onCleanUp } from './cleanup.js';
import { findOrStartEngine, type TestEngine } from './engine.js';
import { toVariables } from './environment.variables.js';
import { Unavailable } from './packages.js';
import { account, Registry } from './registry.js';

interface JestResults {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
}

const runId = `tdp-${randomBytes(3).toString('hex')}`;
let engine: TestEngine | undefined;
let summary: string;

try {
  const variables = await startWhatIsNeeded();
  const results = await runJest(variables);
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  summary = `${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests + results.numTodoTests} skipped`;
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  console.error(error);
  summary = '0 passed, 1 failed, 0 skipped';
  process.exitCode = 1;
} finally {
  await cleanUp();
}
console.log(summary);

async function startWhatIsNeeded(): Promise<Record<string, string>> {
  try {
    engine = await findOrStartEngine();
    const registry = await Registry.start(engine);
    const privateRegistry = await Registry.start(engine, true);
    const { Version, ApiVersion } = await engine.docker.version();
    console.log(
      `Testing with Docker Engine ${Version} (API ${ApiVersion}, ${engine.isPrivate ? 'private' : "this machine's own"}) and Node ${process.version}`,
    );
    return toVariables({
      dockerHost: engine.dockerHost,
      isPrivateEngine: engine.isPrivate,
      registry: registry.host,
      privateRegistry: privateRegistry.host,
      account,
      runId,
    });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`The end-to-end tests are skipped: ${error.message}`);
    return {};
  }
}

async function runJest(variables: Record<string, string>): Promise<JestResults> {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-results-'));
  onCleanUp(() => {
    rmSync(folder, { recursive: true });
  });
  const outputFile = join(folder, 'results.json');
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      jest,
      '--json',
      `--outputFile=${outputFile}`,
      '--runInBand',
      '--forceExit',
      ...process.argv.slice(2),
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...variables },
    },
  );
  await once(child, 'exit');
  const results = JSON.parse(readFileSync(outputFile, 'utf8')) as JestResults;
  await removeLeftovers();
  return results;
}

/** On an engine that is not ours, whatever tests left behind goes by the run's own prefix. */
async function removeLeftovers(): Promise<void> {
  if (!engine || engine.isPrivate) return;
  const { docker } = engine;
  for (const { Id, Names } of await docker.listContainers({ all: true })) {
    if (Names.some((name) => name.includes(runId))) await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Name } of (await docker.listVolumes()).Volumes)
    if (Name.includes(runId)) await docker.getVolume(Name).remove();
  for (const { Id, Name } of await docker.listNetworks())
    if (Name.includes(runId)) await docker.getNetwork(Id).remove();
  for (const { Id, RepoTags } of await docker.listImages()) {
    if (RepoTags?.some((tag) => tag.includes(runId)))
      await docker
        .getImage(Id)
        .remove({ force: true })
        .catch(() => undefined);
  }
}
