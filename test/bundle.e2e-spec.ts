import { describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../src/common/version.js';
import { freePort } from './support/registry/registry.js';
import { until } from './support/runner/until.js';

const run = promisify(execFile);

describe('the bundle', () => {
  it('runs from the code that V8 has compiled in a run before', async () => {
    const env = { PATH: process.env.PATH, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
    const version = (): Promise<{ stdout: string; stderr: string }> =>
      run(process.execPath, ['bundle/main.cjs', 'version'], { env });
    await version();
    const { stdout, stderr } = await version();
    expect(stdout + stderr).toMatch(/service\.cjs was accepted/);
  });

  it('has a bill of materials that names its packages with checksums and permissive licences', () => {
    const { bomFormat, components } = JSON.parse(readFileSync('bundle/sbom.cdx.json', 'utf8')) as {
      bomFormat: string;
      components: { name: string; version: string; purl: string; licenses: object[]; hashes?: object[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const packages = components.filter(({ purl }) => purl.startsWith('pkg:npm/'));
    const names = packages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['@nestjs/core', 'dockerode', 'express', 'zod', 'bullmq', 'yaml']));
    for (const absent of ['ssh2', 'protobufjs', '@grpc/grpc-js', '@grpc/proto-loader', 'tar-fs', 'typescript', 'jest'])
      expect(names).not.toContain(absent);
    for (const { hashes, licenses } of packages) {
      expect(hashes).toHaveLength(1);
      expect(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD']).toContain(
        (licenses[0] as { expression: string }).expression,
      );
    }
    const table = readFileSync('docs/dependencies.md', 'utf8');
    const rows = [...table.matchAll(/^\| `(\S+)`\s+\| (\S+)/gm)].map(([, name, of]) => `${name}@${of}`);
    expect(rows.sort()).toEqual(packages.map(({ name, version: of }) => `${name}@${of}`).sort());
  });

  it('runs from its source if the compiled code is missing and cannot be kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    try {
      cpSync('bundle', folder, { recursive: true });
      rmSync(join(folder, 'compile-cache'), { recursive: true, force: true });
      // A file in the place of the folder: even root cannot write there.
      writeFileSync(join(folder, 'compile-cache'), '');
      expect(await run(process.execPath, [join(folder, 'main.cjs'), 'version'])).toEqual({
        stdout: `${version}\n`,
        stderr: '',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['bullmq', 'moveToActive'],
    ['ioredis', '[ioredis]'],
    ['yaml', 'YAMLParseError'],
    ['jose', 'JWSSignatureVerificationFailed'],
    ['prom-client', 'process_cpu_user'],
  ])('has %s in a file of its own, and nothing of it in the file that everybody reads', (library, sign) => {
    expect(readFileSync(join('bundle', 'node_modules', library, 'index.js'), 'utf8')).toContain(sign);
    expect(readFileSync(join('bundle', 'service.cjs'), 'utf8')).not.toContain(sign);
  });

  it('reads nothing that only some need: it serves without the files that have it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    cpSync('bundle', folder, { recursive: true });
    rmSync(join(folder, 'node_modules'), { recursive: true });
    const port = String(await freePort());
    const env = { PATH: process.env.PATH, SECRET_KEY: 'x'.repeat(40), PORT: port, DOCKER_HOST: 'unix:///nowhere.sock' };
    const child = spawn(process.execPath, [join(folder, 'main.cjs')], { env, stdio: 'ignore' });
    try {
      const answer = await until('the service', 30_000, () => fetch(`http://127.0.0.1:${port}/health/live`));
      expect(answer.status).toBe(200);
      // Where it is needed it is read: without the file the service does not come up.
      const other = { ...env, PORT: String(await freePort()) };
      for (const [library, setting] of [
        ['bullmq', { REDIS_URL: 'redis://nowhere', HOST_NAME: 'here' }],
        ['yaml', { POLICY_PATH: join(folder, 'policy.yaml') }],
      ] as const)
        await expect(
          run(process.execPath, [join(folder, 'main.cjs')], { env: { ...other, ...setting } }),
        ).rejects.toThrow(library);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});
