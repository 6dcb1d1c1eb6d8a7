import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

it.each([
  ['fails with TEST_ENGINE=required', { TEST_ENGINE: 'required' }, 1, /unset it[^]*\n0 passed, 1 failed, 0 skipped\n$/],
  ['skips end-to-end tests otherwise', { TEST_ENGINE: '' }, 0, /unset it[^]*\n0 passed, 0 failed, \d+ skipped\n$/],
])('npm test without an engine %s', (_, variables, status, output) => {
  const args = ['--import', 'tsx', 'test/support/runner/run-tests.ts', 'test/broken-images.e2e-spec.ts'];
  // Not all of this process's: the run that it belongs to has an engine.
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, DOCKER_HOST: 'tcp://192.0.2.1:2375', ...variables };
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  expect(run.stderr + run.stdout).toMatch(output);
  expect(run.status).toBe(status);
});
