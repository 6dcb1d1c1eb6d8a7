import { describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../src/common/version.js';
import { freePort } from './support/registry/registry.js';
import { until } from './support/runner/until.js';

const run = promisify(execFile);

describe('the bundle', () => {
  it('runs from the code that was compiled when it was made', async () => {
    const program = `process.argv[2] = 'version'; process.stdout.write(String(require('./bundle/main.cjs').script.cachedDataRejected))`;
    const { stdout } = await run(process.execPath, ['-e', program]);
    expect(stdout).toBe(`${version}\nfalse`);
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

  it('runs from its source where the compiled code is of another Node, or not there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    try {
      cpSync('bundle', folder, { recursive: true });
      for (const file of readdirSync(folder)) if (file.endsWith('.cache')) rmSync(join(folder, file));
      expect(await run(process.execPath, [join(folder, 'main.cjs'), 'version'])).toEqual({
        stdout: `${version}\n`,
        stderr: '',
      });
      // With this flag V8 compiles in another way, and refuses what was compiled without it.
      const flag = '--no-lazy-feedback-allocation';
      expect((await run(process.execPath, [flag, 'bundle/main.cjs', 'version'])).stdout).toBe(`${version}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['redis.cjs', ['moveToActive', '[ioredis]']],
    ['yaml.cjs', ['YAMLParseError']],
    ['jose.cjs', ['JWSSignatureVerificationFailed']],
    ['prom-client.cjs', ['process_cpu_user']],
    ['openapi-document.cjs', ['operationId', 'followDeployment']],
  ])('has what only some need in %s, and nothing of it in the file that everybody reads', (file, signs) => {
    const [service, itself] = ['service.cjs', file].map((name) => readFileSync(join('bundle', name), 'utf8'));
    for (const sign of signs) {
      expect(itself).toContain(sign);
      expect(service).not.toContain(sign);
    }
  });

  it('has its modules joined: an import at run time of one of ours would keep it, and all that it imports, in functions', () => {
    expect(readFileSync(join('bundle', 'service.cjs'), 'utf8')).not.toContain('__esm');
  });

  it('reads nothing that only some need: it serves without the files that have it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    cpSync('bundle', folder, { recursive: true });
    for (const file of readdirSync(folder)) if (!/^(main|service)\./.test(file)) rmSync(join(folder, file));
    const port = String(await freePort());
    const env = { PATH: process.env.PATH, SECRET_KEY: 'x'.repeat(40), PORT: port, DOCKER_HOST: 'unix:///nowhere.sock' };
    const child = spawn(process.execPath, [join(folder, 'main.cjs')], { env, stdio: 'ignore' });
    try {
      const answer = await until('the service', 30_000, () => fetch(`http://127.0.0.1:${port}/health/live`));
      expect(answer.status).toBe(200);
      // Where it is needed it is read: without the file the service does not come up.
      const other = { ...env, PORT: String(await freePort()) };
      for (const [file, setting] of [
        ['redis.cjs', { REDIS_URL: 'redis://nowhere', HOST_NAME: 'here' }],
        ['yaml.cjs', { POLICY_PATH: join(folder, 'policy.yaml') }],
      ] as const)
        await expect(
          run(process.execPath, [join(folder, 'main.cjs')], { env: { ...other, ...setting } }),
        ).rejects.toThrow(file);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});
