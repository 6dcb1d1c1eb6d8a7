// @needs internet: the image's build installs packages.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp, versionAt } from './support/apps.js';
import { describeOnPrivateEngine, docker, testEnvironment, uniqueImage } from './support/environment.js';
import { publish } from './support/images.js';
import { freePort } from './support/registry.js';
import { importStandInBase } from './support/stand-in-base.js';
import { until } from './support/until.js';

const readme = readFileSync('README.md', 'utf8');

/** The commands of the README's block that contains `part`, continued lines joined. */
function commandFrom(part: string): string {
  const block =
    [...readme.matchAll(/```\n([^`]*)```/g)].map(([, text]) => text ?? '').find((text) => text.includes(part)) ?? '';
  const command = block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .find((line) => line.includes(part));
  if (!command) throw new Error(`README.md has no command with ${part}`);
  return command;
}

/** With a deadline: the engine's port proxy keeps early connections waiting for minutes. */
function get(url: string, secret = ''): Promise<Response> {
  return fetch(url, { headers: { Authorization: `Bearer ${secret}` }, signal: AbortSignal.timeout(2000) });
}

/** On a private engine alone: the README's names (`trigger-docker-pull`) may be in use on any other. */
describeOnPrivateEngine('S20: the image, built and run as README.md prints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-readme-'));
  const base = 'tdp-stand-in-base:latest';

  const shell = (command: string, env: Record<string, string> = {}): string => {
    const result = spawnSync('sh', ['-c', command], {
      encoding: 'utf8',
      env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost, ...env },
      timeout: 280_000,
    });
    if (result.status !== 0) throw new Error(`${command}\n${result.stdout}\n${result.stderr}`);
    return result.stdout.trim();
  };
  /** The stand-in base instead of the public one, and the host's network to reach the npm registry by. */
  const build = (): string =>
    commandFrom('docker build').replace('docker build', `docker build --network host --build-arg NODE_IMAGE=${base}`);

  beforeAll(() => {
    importStandInBase(base);
    shell(build(), { DOCKER_BUILDKIT: '0' });
  }, 300_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
    spawnSync('docker', ['rm', '-f', 'trigger-docker-pull'], {
      env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost },
    });
  });

  it("updates a container through the mounted socket, and ends within docker stop's grace", async () => {
    const envFile = join(folder, '.env');
    shell(commandFrom('printf').replaceAll('.env', envFile));
    const secret = /SECRET_KEY=(.+)/.exec(readFileSync(envFile, 'utf8'))?.[1] ?? '';
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(join(folder, 'config.json'), '{}');
    const port = await freePort();
    const socket = testEnvironment().dockerHost.slice('unix://'.length);
    shell(
      commandFrom('docker run -d --name trigger-docker-pull')
        .replace('.env', envFile)
        .replace('-p 8080:8080', `-p 127.0.0.1:${port}:8080`)
        .replace('-v /var/run/docker.sock:', `-v ${socket}:`)
        .replace('-v /root/.docker:', `-v ${folder}:`),
    );
    await until('readiness', 30_000, async () => (await get(`http://127.0.0.1:${port}/health/ready`)).ok || undefined);

    const image = uniqueImage('imaged');
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    const answer = shell(
      commandFrom('curl --fail-with-body').replace('localhost:8080/notify/web', `127.0.0.1:${port}/notify/${app.name}`),
      { SECRET_KEY: secret },
    );
    const { id } = JSON.parse(answer) as { id: string };
    const ended = await until('the end of the deployment', 30_000, async () => {
      const response = await get(`http://127.0.0.1:${port}/deployments/${id}`, secret);
      const deployment = (await response.json()) as { status: string; result?: string };
      return ['queued', 'running'].includes(deployment.status) ? undefined : deployment;
    });
    expect(ended).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');

    const logs = shell('docker logs trigger-docker-pull');
    expect(logs).toContain('updated to sha256:');
    expect(logs).not.toContain(secret);
    const started = performance.now();
    shell('docker stop trigger-docker-pull');
    expect(performance.now() - started).toBeLessThan(5000);
    expect((await docker.getContainer('trigger-docker-pull').inspect()).State.ExitCode).toBe(0);
  });

  it('is what compose.yaml in README.md says, too', () => {
    const printed = /The same as `compose.yaml`:\n\n```yaml\n([^`]*)```/.exec(readme)?.[1];
    expect(printed).toBe(readFileSync('compose.yaml', 'utf8'));
  });
});
