// @extended
// @needs internet: for redis-server, a Debian package, where it is not there.
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { settingsSchema } from '../src/config/settings.schema.js';
import type { Deployment } from '../src/deployments/deployment.js';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { composeServices, type ComposeService } from './support/fixtures/compose-file.js';
import { composeCommand } from './support/fixtures/compose.js';
import { codeBlocks } from './support/runner/documentation.js';
import {
  describeOnNewestEngine,
  docker,
  engines,
  onPrivateEngine,
  uniqueImage,
  uniqueName,
  type EngineUnderTest,
} from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { redisProgram, TestRedis } from './support/service/redis.js';
import { SecuredRedis } from './support/service/secured-redis.js';
import { Service } from './support/service/service.js';
import { hasOpenssl } from './support/engine/tls-engine.js';
import { until } from './support/runner/until.js';

const [acceptingFile, agentFile, threeHostsFile] = [
  'deploy/fleet/compose.yaml',
  'deploy/fleet/agent.compose.yaml',
  'deploy/fleet/three-hosts.compose.yaml',
] as const;
const files = [acceptingFile, agentFile, threeHostsFile];
const variables = {
  SECRET_KEY: Service.secret,
  REDIS_URL: 'rediss://fleet:change-me@redis.example:6379',
  HOST_NAME: 'here',
};

/** Runs the block of docs/fleet.md that has `part`, in a folder of the test. */
function runBlock(part: string, cwd: string, env: Record<string, string> = {}): string {
  const block = codeBlocks('docs/fleet.md').find(({ text }) => text.includes(part))?.text ?? '';
  const run = spawnSync('sh', ['-euc', block], { cwd, encoding: 'utf8', env: { PATH: process.env.PATH, ...env } });
  if (run.status !== 0) throw new Error(`${block} ended with ${String(run.status)}: ${run.stderr}`);
  return run.stdout;
}

/** A folder with a `docker` and a `curl` that say how they were called. */
function recorders(folder: string): Record<string, string> {
  for (const name of ['docker', 'curl'])
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@"\n`, { mode: 0o755 });
  return { PATH: `${folder}:${process.env.PATH ?? ''}` };
}

type Services = Record<string, ComposeService>;

function service(services: Services, name: string): ComposeService {
  const found = services[name];
  if (!found) throw new Error(`there is no service ${name}`);
  return found;
}

function ofThisService(services: Services): [string, ComposeService][] {
  return Object.entries(services).filter(([, { image }]) => image === 'trigger-docker-pull');
}

describe.each(files)('%s', (file) => {
  const services = composeServices(file, variables);

  it('sets nothing but settings that the service has, and what Node reads', () => {
    const known = [...Object.keys(settingsSchema.shape), 'NODE_EXTRA_CA_CERTS'];
    expect(ofThisService(services).length).toBeGreaterThan(0);
    for (const [name, { environment }] of ofThisService(services))
      expect([name, Object.keys(environment).filter((variable) => !known.includes(variable))]).toEqual([name, []]);
  });

  it('mounts what it speaks of, gives agents no port, and the service no rights that it does not need', () => {
    for (const [name, { environment, volumes = [], ports, ...rest }] of ofThisService(services)) {
      const mounted = volumes.map((volume) => volume.split(':')[1] ?? '');
      const paths = Object.values(environment).flatMap((value) => /^(?:unix:\/\/)?(\/.+)$/.exec(value)?.[1] ?? []);
      for (const path of paths)
        expect([name, path, mounted.some((target) => path.startsWith(target))]).toEqual([name, path, true]);
      const isAgent = environment.ROLE === 'agent';
      expect([name, ports === undefined]).toEqual([name, isAgent]);
      expect([name, mounted.some((target) => /docker.sock|\/engine/.test(target))]).toEqual([name, isAgent]);
      expect(rest).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    }
  });

  const compose = onPrivateEngine ? composeCommand() : undefined;
  (compose ? it : it.skip)('is read by Compose as it is here, and by nobody without what it asks for', () => {
    const read = (env: Record<string, string>): { status: number | null; stdout: string } =>
      spawnSync('sh', ['-c', `${compose} -f ${file} config`], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      });
    const { status, stdout } = read(variables);
    expect(status).toBe(0);
    const { services: theirs } = parse(stdout) as { services: Services };
    expect(Object.keys(theirs).sort()).toEqual(Object.keys(services).sort());
    for (const [name, { environment, command }] of ofThisService(services))
      expect(theirs[name]).toMatchObject({ environment, ...(command && { command }) });
    expect(read({}).status).not.toBe(0);
  });
});

(hasOpenssl ? describe : describe.skip)('the commands of docs/fleet.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-fleet-commands-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('start what is there to be tried, with a container on each engine, and ask the first replica', () => {
    const services = composeServices(threeHostsFile, variables);
    const [build, up, ...rest] = runBlock('three-hosts', folder, recorders(folder)).trim().split('\n');
    expect(build).toBe('docker build -t trigger-docker-pull .');
    expect(up).toBe(`docker compose -f ${threeHostsFile} up -d`);
    const ask = rest.pop() ?? '';
    const on = rest.map((line) => /exec -T (\S+) docker run -d --name web/.exec(line)?.[1]);
    expect(on).toEqual(Object.keys(services).filter((name) => name.startsWith('engine-')));
    expect(service(services, 'api-1').ports).toEqual([`127.0.0.1:${/127.0.0.1:(\d+)/.exec(ask)?.[1] ?? ''}:8080`]);
    expect(ask).toMatch(/^curl -X POST -H Authorization: Bearer [0-9a-f]{64} .*\/notify\/web\?wait=120$/);
  });

  it('make one password for Redis and for those who ask it, and start both Compose files', () => {
    for (const file of ['compose.yaml', 'agent.compose.yaml', 'users.acl'])
      copyFileSync(join('deploy/fleet', file), join(folder, file));
    expect(runBlock('change-me', folder, recorders(folder))).toBe('docker compose up -d\n');
    expect(runBlock('-f agent.compose.yaml', folder, recorders(folder))).toBe(
      'docker compose -f agent.compose.yaml up -d\n',
    );
    const given = Object.fromEntries(
      readFileSync(join(folder, '.env'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    ) as Record<string, string>;
    const { environment } = service(composeServices(join(folder, 'compose.yaml'), given), 'api-1');
    expect(environment.SECRET_KEY).toMatch(/^[0-9a-f]{64}$/);
    const { username, password } = new URL(environment.REDIS_URL ?? '');
    expect(readFileSync(join(folder, 'users.acl'), 'utf8')).toContain(`user ${username} on >${password} `);
  });
});

(redisProgram && hasOpenssl ? describeOnNewestEngine : describe.skip)('a fleet with what the Compose files say', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-fleet-compose-'));
  const running: Service[] = [];
  afterEach(async () => {
    for (const each of running.splice(0)) await each.kill();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** With the environment that the file gives, and nothing else than what this machine has elsewhere. */
  const start = async ({ environment }: ComposeService, here: Record<string, string>): Promise<Service> => {
    const started = await Service.start({ ...environment, ...here });
    running.push(started);
    return started;
  };

  /** Notifies one replica of a container that both hosts have, and asks the other one what became of it. */
  const updatesBoth = async ([one, other]: [Service, Service], hosts: readonly string[]): Promise<void> => {
    const [a, b] = engines as [EngineUnderTest, EngineUnderTest];
    const image = uniqueImage('composed');
    const first = await runApp(image, { version: 'v1' }, {}, undefined, a);
    const second = await runApp(image, { version: 'v1' }, { name: first.name }, undefined, b);
    await publish(docker, image, { version: 'v2' });
    for (const replica of [one, other]) await replica.ready();
    // Whoever asks for what nobody has hears which hosts there are, after each of them has said anew what it has.
    await until('the announcements of both', 30_000, async () => {
      const asked = await one.fetch(`/notify/${uniqueName('nobody')}?wait=20`, { method: 'POST' });
      const said = await asked.text();
      return hosts.every((host) => said.includes(host)) ? true : undefined;
    });
    const answer = await one.fetch(`/notify/${first.name}?wait=60`, { method: 'POST' });
    const { id } = (await answer.json()) as Deployment;
    const seen = await other.deployment(id);
    expect(seen.hosts?.map(({ status, result }) => [status, result])).toEqual([
      ['succeeded', 'updated'],
      ['succeeded', 'updated'],
    ]);
    expect([await versionAt(first.port, a), await versionAt(second.port, b)]).toEqual(['v2', 'v2']);
  };

  it('is two replicas, Redis with TLS and a user of its own, and an agent on each host', async () => {
    const redis = await SecuredRedis.start(folder, SecuredRedis.configuration());
    const given = (host: string): Record<string, string> => ({
      ...variables,
      REDIS_URL: redis.urlFor(),
      HOST_NAME: host,
    });
    const { environment, volumes } = service(composeServices(agentFile, given('none')), 'agent');
    // The engine is where it is by default; here it is elsewhere.
    expect([environment.DOCKER_HOST, volumes]).toEqual([
      undefined,
      expect.arrayContaining(['/var/run/docker.sock:/var/run/docker.sock']),
    ]);
    const authority = { NODE_EXTRA_CA_CERTS: join(folder, environment.NODE_EXTRA_CA_CERTS ?? '') };
    try {
      const hosts = [uniqueName('host-a'), uniqueName('host-b')];
      for (const [index, { dockerHost }] of engines.slice(0, 2).entries()) {
        const agent = composeServices(agentFile, given(hosts[index] ?? ''));
        await start(service(agent, 'agent'), { ...authority, DOCKER_HOST: dockerHost });
      }
      const accepting = composeServices(acceptingFile, given('none'));
      await updatesBoth(
        [await start(service(accepting, 'api-1'), authority), await start(service(accepting, 'api-2'), authority)],
        hosts,
      );
    } finally {
      redis.kill();
    }
  }, 120_000);

  it('is three hosts on one machine', async () => {
    const services = composeServices(threeHostsFile, variables);
    const agents = ['a', 'b', 'c'].map((host) => [host, service(services, `agent-${host}`)] as const);
    // What holds for two of them holds for the third: they differ in their names and their engines alone.
    for (const [host, { environment, volumes }] of agents) {
      expect(environment).toEqual({ ...agents[0]?.[1].environment, HOST_NAME: host });
      expect(volumes).toEqual([`engine-${host}:/engine`]);
      const engine = service(services, `engine-${host}`);
      expect(engine.volumes).toEqual(volumes);
      expect(engine.command).toContain(`--host=${environment.DOCKER_HOST ?? ''}`);
    }
    const [program, ...options] = service(services, 'redis').command ?? [];
    expect(program).toBe('redis-server');
    const redis = await TestRedis.start(...options);
    const here = { REDIS_URL: redis.url };
    try {
      for (const [index, { dockerHost }] of engines.slice(0, 2).entries())
        await start(service(services, ['agent-a', 'agent-b'][index] ?? ''), { ...here, DOCKER_HOST: dockerHost });
      await updatesBoth(
        [await start(service(services, 'api-1'), here), await start(service(services, 'api-2'), here)],
        ['there: a, b'],
      );
    } finally {
      await redis.kill();
    }
  }, 120_000);
});
