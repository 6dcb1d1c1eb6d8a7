import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './support/registry/registry.js';
import { until } from './support/runner/until.js';

describe('the npm package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-package-'));
  let files: string[] = [];

  beforeAll(() => {
    const pack = spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      encoding: 'utf8',
    });
    const [packed] = JSON.parse(pack.stdout) as [{ filename: string; files: { path: string }[] }];
    files = packed.files.map(({ path }) => path);
    spawnSync('tar', ['-xzf', join(folder, packed.filename), '-C', folder]);
  }, 60_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('holds the compiled service, its docs and what deploys it, and no tests and no sources', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/main.js',
        'scripts/run.mjs',
        'README.md',
        'LICENSE',
        'docs/operating.md',
        'deploy/kubernetes/kustomization.yaml',
      ]),
    );
    expect(files.filter((file) => /^(src|test|bench|bundle|\.)|\.spec\.|\.env$/.test(file))).toEqual([]);
  });

  it('starts as it was unpacked, beside its dependencies', async () => {
    const root = join(folder, 'package');
    symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
    const port = await freePort();
    const { SECRET_KEY: _, ...env } = process.env;
    const child = spawn('npm', ['start', '--silent'], {
      cwd: root,
      stdio: 'ignore',
      detached: true,
      env: { ...env, SECRET_KEY: 'x', PORT: String(port), DOCKER_HOST: 'unix:///nowhere.sock', DOCKER_CONFIG_PATH: '' },
    });
    try {
      await until(
        'the first answer',
        30_000,
        async () => (await fetch(`http://127.0.0.1:${port}/health/live`)).ok || undefined,
      );
    } finally {
      if (child.pid) process.kill(-child.pid, 'SIGTERM');
    }
    expect(child.pid).toBeGreaterThan(0);
  }, 60_000);
});
