// @needs internet: the image's build installs packages.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deployment } from '../src/deployments/deployment.js';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { composeCommand } from './support/fixtures/compose.js';
import { codeBlocks, commandFrom } from './support/runner/documentation.js';
import {
  describeOnPrivateEngine,
  docker,
  onPrivateEngine,
  testEnvironment,
  uniqueImage,
  uniqueName,
} from './support/runner/environment.js';
import { describeExtended, itExtended } from './support/runner/extent.js';
import { publish } from './support/fixtures/images.js';
import { npmPackage } from './support/runner/npm-package.js';
import { finish } from './support/engine/progress.js';
import { freePort } from './support/registry/registry.js';
import { importStandInBase } from './support/engine/stand-in-base.js';
import { until } from './support/runner/until.js';

const megabyte = 1_000_000;

/** With a deadline: the engine's port proxy keeps early connections waiting for minutes. */
function request(url: string, secret = '', method = 'GET'): Promise<Response> {
  return fetch(url, { method, headers: { Authorization: `Bearer ${secret}` }, signal: AbortSignal.timeout(2000) });
}

/** On a private engine alone: the README's names (`trigger-docker-pull`) may be in use on any other. */
describeOnPrivateEngine('S20: the image, built and run as README.md prints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-readme-'));
  const base = 'tdp-stand-in-base:latest';
  const socket = (): string => testEnvironment().dockerHost.slice('unix://'.length);
  let secret = '';

  const shell = (command: string, env: Record<string, string> = {}, cwd?: string): string => {
    const result = spawnSync('sh', ['-c', command], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost, ...env },
      timeout: 280_000,
    });
    if (result.status !== 0) throw new Error(`${command}\n${result.stdout}\n${result.stderr}`);
    return result.stdout.trim();
  };
  const remove = (): void => {
    spawnSync('docker', ['rm', '-f', 'trigger-docker-pull'], {
      env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost },
    });
  };
  /** A command as printed, but with this run's socket, folder and port. */
  const adapted = (command: string, port: number): string =>
    command
      .replace('--env-file .env', `--env-file ${join(folder, '.env')}`)
      .replace('-p 8080:8080', `-p 127.0.0.1:${port}:8080`)
      .replaceAll('/var/run/docker.sock', socket())
      .replace(`${socket()}:${socket()}`, `${socket()}:/var/run/docker.sock`)
      .replace(/-v \/(root|etc)\/\.?(docker|trigger-docker-pull):/, `-v ${join(folder, 'docker')}:`);
  const ready = (port: number): Promise<boolean> =>
    until('readiness', 30_000, async () => (await request(`http://127.0.0.1:${port}/health/ready`)).ok || undefined);

  /** Publishes a new version and notifies with the curl command that README.md prints; answers how it ended. */
  const update = async (port: number, app: App, image: string): Promise<unknown> => {
    await publish(docker, image, { version: 'v2' });
    const curl = commandFrom('README.md', 'curl --fail-with-body');
    const answer = shell(curl.replace('localhost:8080/notify/web', `127.0.0.1:${port}/notify/${app.name}`), {
      SECRET_KEY: secret,
    });
    const { id } = JSON.parse(answer) as { id: string };
    return until('the end of the deployment', 30_000, async () => {
      const response = await request(`http://127.0.0.1:${port}/deployments/${id}`, secret);
      const deployment = (await response.json()) as { status: string; result?: string };
      return ['queued', 'running'].includes(deployment.status) ? undefined : deployment;
    });
  };

  beforeAll(() => {
    shell(commandFrom('README.md', 'printf').replaceAll('.env', join(folder, '.env')));
    secret = /SECRET_KEY=(.+)/.exec(readFileSync(join(folder, '.env'), 'utf8'))?.[1] ?? '';
    mkdirSync(join(folder, 'docker'), { mode: 0o755 });
    writeFileSync(join(folder, 'docker', 'config.json'), '{}');
    importStandInBase(base);
    // The stand-in base instead of the public one, and the host's network to reach the npm registry by.
    const options = `--network host --build-arg NODE_IMAGE=${base}`;
    shell(commandFrom('README.md', 'docker build').replace('docker build', `docker build ${options}`), {
      DOCKER_BUILDKIT: '0',
    });
  }, 300_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
    remove();
  });

  it('holds Node, the libraries that it links, CA certificates and the bundle, and no shell', async () => {
    const image = await docker.getImage('trigger-docker-pull').inspect();
    const container = await docker.createContainer({ Image: 'trigger-docker-pull' });
    const files = new Map<string, number>();
    const archive = extract().on('entry', ({ name, type, size }, stream, next) => {
      if (type === 'file') files.set(name, size);
      stream.resume().once('end', next);
    });
    (await container.export()).pipe(archive);
    await once(archive, 'finish');
    await container.remove();
    const isLibrary = (name: string): boolean => /^(usr\/)?lib(64)?\/\S+\.so[.\d]*$/.test(name);
    // What the engine itself mounts into each container.
    const ofEngine = ['.dockerenv', 'dev/console', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf'];
    const others = [...files.keys()].filter((name) => !isLibrary(name) && !ofEngine.includes(name));
    expect(others.sort()).toEqual([
      expect.stringMatching(/^app\/compile-cache\/v[\d.]+-\w+-\w+-0\/\w+$/),
      'app/main.cjs',
      'app/node_modules/bullmq/index.js',
      'app/node_modules/ioredis/index.js',
      'app/node_modules/jose/index.js',
      'app/node_modules/prom-client/index.js',
      'app/node_modules/yaml/index.js',
      'app/sbom.cdx.json',
      'app/service.cjs',
      'etc/group',
      'etc/nsswitch.conf',
      'etc/passwd',
      'etc/ssl/certs/ca-certificates.crt',
      'usr/local/bin/node',
    ]);
    expect(image.Size - (files.get('usr/local/bin/node') ?? 0)).toBeLessThan(16 * megabyte);
    expect(image.Config.Labels).toMatchObject({ 'org.opencontainers.image.title': 'trigger-docker-pull' });
    // Root, so that the mounted socket and /root/.docker can be read as printed; exec form, so that it is PID 1.
    expect([image.Config.User, image.Config.Entrypoint, image.Config.Cmd]).toEqual([
      '',
      ['node', '/app/main.cjs'],
      null,
    ]);
  });

  it('runs a credential helper that is mounted', async () => {
    const { account, privateRegistry } = testEnvironment();
    const helper = join(folder, 'docker-credential-mounted');
    const answer = JSON.stringify({ Username: account.username, Secret: account.password });
    writeFileSync(helper, `#!/usr/local/bin/node\nprocess.stdout.write(${JSON.stringify(answer)});\n`, { mode: 0o755 });
    const config = join(folder, 'helper.json');
    writeFileSync(config, JSON.stringify({ credHelpers: { [privateRegistry]: 'mounted' } }));
    const image = `${privateRegistry}/${uniqueName('helped')}:latest`;
    const app = await runApp(image, { version: 'v1' }, {}, account);
    await publish(docker, image, { version: 'v2' }, account);
    const port = await freePort();
    shell(
      adapted(commandFrom('README.md', 'docker run -d --name trigger-docker-pull'), port).replace(
        / trigger-docker-pull$/,
        ` -v ${helper}:/usr/local/bin/docker-credential-mounted:ro -v ${config}:/helper.json:ro -e DOCKER_CONFIG_PATH=/helper.json trigger-docker-pull`,
      ),
    );
    await ready(port);
    const url = `http://127.0.0.1:${port}/notify/${app.name}?wait=30`;
    const response = await fetch(url, { method: 'POST', headers: { Authorization: `Bearer ${secret}` } });
    expect(await response.json()).toMatchObject({ status: 'succeeded', result: 'updated' });
    remove();
  }, 60_000);

  it("updates a container through the mounted socket, and ends within docker stop's grace", async () => {
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
    const port = await freePort();
    shell(adapted(commandFrom('README.md', 'docker run -d --name trigger-docker-pull'), port));
    await ready(port);
    const image = uniqueImage('imaged');
    const app = await runApp(image, { version: 'v1' });
    expect(await update(port, app, image)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');

    const logs = shell('docker logs trigger-docker-pull');
    expect(logs).toContain('updated to sha256:');
    expect(logs).not.toContain(secret);
    // The first line is the service's own: Nest's account of its wiring is kept out in the bundle as well.
    expect(JSON.parse(logs.split('\n')[0] ?? '')).toMatchObject({ context: expect.stringMatching(/^(Main|Worker)$/) });
    const started = performance.now();
    shell('docker stop trigger-docker-pull');
    expect(performance.now() - started).toBeLessThan(5000);
    expect((await docker.getContainer('trigger-docker-pull').inspect()).State.ExitCode).toBe(0);
    remove();
  });

  it('runs without root, and stopped in mid-update as PID 1 it answers, ends with 0, and goes on at the next start', async () => {
    const port = await freePort();
    shell(adapted(commandFrom('docs/security.md', '--user 65534'), port));
    await ready(port);
    expect(shell("docker exec trigger-docker-pull node -p 'process.getuid()'")).toBe('65534');
    const image = uniqueImage('rootless');
    const slowToStop =
      'trap "/bin/busybox sleep 3; exit 0" TERM; /bin/busybox httpd -p 80 -h /www; while true; do /bin/busybox sleep 0.2; done';
    const app = await runApp(image, { version: 'v1', stopSignal: 'SIGTERM', cmd: ['/bin/sh', '-c', slowToStop] });
    await publish(docker, image, { version: 'v2' });
    const url = `http://127.0.0.1:${port}`;
    const accepted = (await (await request(`${url}/notify/${app.name}`, secret, 'POST')).json()) as { id: string };
    await until('the swap', 20_000, async () => {
      const { stages } = (await (await request(`${url}/deployments/${accepted.id}`, secret)).json()) as {
        stages: { stage: string }[];
      };
      return stages.at(-1)?.stage === 'swap' || undefined;
    });
    // With docker stop's own ten seconds; a kill after them would show as exit code 137.
    const stopped = docker.getContainer('trigger-docker-pull').stop();
    await until(
      'the stop to begin',
      5000,
      async () => (await request(`${url}/health/ready`)).status === 503 || undefined,
    );
    expect((await request(`${url}/health/live`)).status).toBe(200);
    expect((await request(`${url}/notify/${app.name}`, secret, 'POST')).status).toBe(503);
    await stopped;
    expect((await docker.getContainer('trigger-docker-pull').inspect()).State.ExitCode).toBe(0);
    expect(await versionAt(app.port)).toBe('v2');
    shell('docker start trigger-docker-pull');
    await ready(port);
    expect(shell(`docker ps -a --format '{{.Names}}' --filter name=${app.name}`)).toBe(app.name);
    remove();
  });

  describeExtended('its own container', () => {
    const secret = 'correct-horse-battery-staple';
    const image = uniqueImage('service');
    const name = uniqueName('service');
    const second = uniqueName('second');
    const ports = new Map<string, number>();

    /** Pushes an image made of the built one; here the tag stays where it is. */
    const push = (...lines: string[]): void => {
      shell(
        `printf '%s\\n' 'FROM trigger-docker-pull' ${lines.map((line) => `'${line}'`).join(' ')} | docker build -t ${image} -`,
        {
          DOCKER_BUILDKIT: '0',
        },
      );
      shell(`docker push ${image}`);
      shell(`docker tag ${before} ${image}`);
    };
    let before = 'trigger-docker-pull';
    const run = async (container: string, ...settings: string[]): Promise<void> => {
      const port = await freePort();
      ports.set(container, port);
      const variables = [`SECRET_KEY=${secret}`, 'SETTLE_TIME=500ms', ...settings].map((setting) => `-e ${setting}`);
      shell(
        `docker run -d --name ${container} --restart always ${variables.join(' ')} -p 127.0.0.1:${port}:8080 -v ${socket()}:/var/run/docker.sock ${image}`,
      );
    };
    const at = (container: string, path: string): Promise<Response> =>
      request(`http://127.0.0.1:${ports.get(container)}${path}`, secret);
    const ready = (container: string): Promise<boolean> =>
      until('readiness', 40_000, async () => (await at(container, '/health/ready')).ok || undefined);
    /** Notifies a service of its own container, and waits until whichever instance is there knows the end. */
    const updateOf = async (container: string): Promise<Deployment> => {
      const response = await request(`http://127.0.0.1:${ports.get(container)}/notify/${container}`, secret, 'POST');
      const { id } = (await response.json()) as { id: string };
      return until('the end of the update of the service', 90_000, async () => {
        const deployment = (await (await at(container, `/deployments/${id}`)).json()) as Deployment;
        return ['succeeded', 'failed', 'rolled_back'].includes(deployment.status) ? deployment : undefined;
      });
    };
    const leftovers = async (): Promise<string[]> =>
      (await docker.listContainers({ all: true, filters: { name: ['-upd-'] } })).map(({ Names }) => Names.join());

    beforeAll(() => {
      shell(`docker tag trigger-docker-pull ${image}`);
    });
    afterAll(() => {
      for (const container of [name, second])
        spawnSync('docker', ['rm', '-f', container], {
          env: { ...process.env, DOCKER_HOST: testEnvironment().dockerHost },
        });
    });

    it('nicholas-fedor/watchtower#1337: is replaced by a helper, its published port included, and the new instance reports it under the id that the caller was told', async () => {
      await run(name, 'SELF_UPDATE=true');
      await ready(name);
      push('LABEL version=2');
      const { Id } = await docker.getContainer(name).inspect();
      const deployment = await updateOf(name);
      expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', container: name });
      const after = await docker.getContainer(name).inspect();
      expect(after.Id).not.toBe(Id);
      expect(deployment.containerId).toBe(after.Id);
      expect(after.Config.Labels.version).toBe('2');
      expect(after.HostConfig.RestartPolicy?.Name).toBe('always');
      await ready(name);
      expect(await leftovers()).toEqual([]);
      before = after.Image;
    }, 240_000);

    it('comes back where the new image fails, and says so', async () => {
      // Node refuses the option before it starts anything, so that it ends within the settling time on a busy machine too.
      push('ENTRYPOINT ["node", "--no-such-option"]');
      const { Id } = await docker.getContainer(name).inspect();
      expect(await updateOf(name)).toMatchObject({ status: 'rolled_back', error: { stage: 'prove' } });
      expect((await docker.getContainer(name).inspect()).Id).toBe(Id);
      await ready(name);
      expect(await leftovers()).toEqual([]);
    }, 240_000);

    it('is put right by the helper itself where that is killed in the middle', async () => {
      push('LABEL version=3');
      const updated = updateOf(name);
      const helper = await until(
        'the swap',
        30_000,
        async () => {
          const [found] = await docker.listContainers({ filters: { name: [`${name}-upd-self-`] } });
          const [parked] = await docker.listContainers({ all: true, filters: { name: [`${name}-upd-old-`] } });
          return parked && found?.Id;
        },
        5,
      );
      // From the outside, as a lack of memory would: `docker kill` would count as wanted.
      process.kill((await docker.getContainer(helper).inspect()).State.Pid, 'SIGKILL');
      expect(['updated', 'up_to_date', undefined]).toContain((await updated).result);
      await ready(name);
      expect((await docker.getContainer(name).inspect()).State.Running).toBe(true);
      expect(await leftovers()).toEqual([]);
    }, 240_000);

    it('gives way to an instance that was there first, and is refused without SELF_UPDATE', async () => {
      await run(second);
      await until(
        'the notice',
        30_000,
        () =>
          shell(`docker logs ${second} 2>&1`).includes(`the container ${name} of this service was there first`) ||
          undefined,
      );
      expect((await at(second, '/health/ready')).status).toBe(503);
      expect((await at(name, '/health/ready')).status).toBe(200);
      shell(`docker rm -f ${name}`);
      shell(`docker restart -t 2 ${second}`);
      await ready(second);
      expect(await updateOf(second)).toMatchObject({
        status: 'failed',
        error: { code: 'refused', stage: 'inspect', message: expect.stringContaining('SELF_UPDATE=true') },
      });
    }, 240_000);
  });

  const compose = onPrivateEngine ? composeCommand() : undefined;
  (compose ? it : it.skip)('is run by the compose.yaml that README.md prints', async () => {
    const printed = codeBlocks('README.md').find(({ text }) => text.startsWith('services:'))?.text ?? '';
    expect(printed).toBe(readFileSync('compose.yaml', 'utf8'));
    const port = await freePort();
    writeFileSync(
      join(folder, 'compose.yaml'),
      printed
        .replace('127.0.0.1:8080:8080', `127.0.0.1:${port}:8080`)
        .replace('/var/run/docker.sock:', `${socket()}:`)
        .replace('/root/.docker:', `${join(folder, 'docker')}:`),
    );
    const up = commandFrom('README.md', 'docker compose up').replace('docker compose', compose ?? '');
    // The image is there already: what is tried is how it is run.
    shell(`${up} --no-build`, {}, folder);
    await ready(port);
    const image = uniqueImage('composed');
    const app = await runApp(image, { version: 'v1' });
    expect(await update(port, app, image)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');
    shell(`${compose} down --timeout 10`, {}, folder);
  });

  itExtended(
    'is built by BuildKit, too',
    async () => {
      // Through the engine's own API: a client without the buildx plug-in cannot ask for BuildKit. What dockerode needs for that
      // is left out of this project's own installation.
      const complete = npmPackage('dockerode', '5.0.1');
      if (!complete) throw new Error('the npm registry does not answer');
      const { default: CompleteDocker } = (await import(join(complete, 'lib/docker.js'))) as { default: typeof Docker };
      const builder = new CompleteDocker({ host: undefined, socketPath: socket() });
      const output = await builder.buildImage(
        {
          context: process.cwd(),
          src: [
            'package.json',
            'package-lock.json',
            'tsconfig.json',
            'tsconfig.build.json',
            'scripts',
            'src',
            'Dockerfile',
          ],
        },
        {
          version: '2',
          t: 'tdp-by-buildkit:latest',
          networkmode: 'host',
          buildargs: JSON.stringify({ NODE_IMAGE: base }) as never,
        },
      );
      await finish(output, 'building with BuildKit');
      const [built, printed] = await Promise.all([
        docker.getImage('tdp-by-buildkit').inspect(),
        docker.getImage('trigger-docker-pull').inspect(),
      ]);
      expect(built.Config.Entrypoint).toEqual(printed.Config.Entrypoint);
      expect(Math.abs(built.Size - printed.Size)).toBeLessThan(megabyte / 100);
    },
    300_000,
  );
});
