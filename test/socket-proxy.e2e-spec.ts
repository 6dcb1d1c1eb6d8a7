// @extended
// @needs internet: for HAProxy, a Debian package, where it is not there.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { composeCommand } from './support/fixtures/compose.js';
import { debianProgram } from './support/runner/debian-program.js';
import { callsInSource, templateOf } from './support/engine/engine-calls.js';
import { EngineProxy } from './support/engine/engine-proxy.js';
import {
  describeOnEngine,
  describeOnPrivateEngine,
  docker,
  onPrivateEngine,
  testEnvironment,
  uniqueImage,
  uniqueName,
} from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

/** The calls that docs/socket-proxy.md lists, and when each is made. */
function documentedCalls(): Map<string, string> {
  const rows = readFileSync('docs/socket-proxy.md', 'utf8').matchAll(/^\| `([A-Z]+ \/\S*)` \| (.+) \|$/gm);
  return new Map([...rows].map(([, call = '', when = '']) => [call, when]));
}

/** An update that is rolled back, one that succeeds, and one that is up to date, of a container on two networks. */
async function everyKindOfUpdate(service: Service): Promise<{ port: number }> {
  const image = uniqueImage('proxied');
  const network = await docker.createNetwork({ Name: uniqueName('proxied') });
  const app = await runApp(image, { version: 'v1' });
  await network.connect({ Container: app.id });
  await publish(docker, image, { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 1'] });
  expect(await service.update(app.name)).toMatchObject({ status: 'rolled_back' });
  await publish(docker, image, { version: 'v2' });
  expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
  expect(await service.update(app.name)).toMatchObject({ result: 'up_to_date' });
  await docker
    .getContainer(app.name)
    .inspect()
    .then(({ Id }) => network.disconnect({ Container: Id, Force: true }));
  await network.remove();
  return app;
}

describeOnEngine('the calls to the engine', () => {
  it('are those that docs/socket-proxy.md lists, no more and no less', () => {
    expect([...documentedCalls().keys()].sort()).toEqual(callsInSource().sort());
  });

  it('that every update makes are those that it says', async () => {
    const proxy = await EngineProxy.start(testEnvironment().dockerHost);
    const service = await Service.start({ DOCKER_HOST: proxy.dockerHost });
    await service.ready();
    await everyKindOfUpdate(service);
    await service.stop();
    const recorded = new Set(proxy.calls.map(({ method, path }) => templateOf(method, path)));
    proxy.stop();
    const said = [...documentedCalls()].filter(([, when]) => /^(every update|at the start)/.test(when));
    expect([...recorded].sort()).toEqual(said.map(([call]) => call).sort());
  }, 120_000);
});

const haproxy = onPrivateEngine
  ? debianProgram('haproxy', ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'])
  : undefined;

const ofSwarm = /^\/(services|tasks)/;

(haproxy ? describeOnPrivateEngine : describe.skip)('the policy for HAProxy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-haproxy-'));
  const socket = join(folder, 'proxy.sock');
  const withoutSwarm = join(folder, 'without-swarm.sock');
  const proxies: ChildProcess[] = [];

  const statusOf = async (method: string, path: string, socketPath = socket): Promise<number | undefined> => {
    const call = request({ socketPath, method, path, headers: { 'Content-Type': 'application/json' } }).end();
    const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
    response.destroy();
    return response.statusCode;
  };

  beforeAll(async () => {
    const upstream = testEnvironment().dockerHost.slice('unix://'.length);
    for (const [path, more] of [
      [socket, { SWARM: '1' }],
      [withoutSwarm, {}],
    ] as const) {
      const env = { ...process.env, ...haproxy?.env, LISTEN: `unix@${path}`, DOCKER_SOCKET: upstream, ...more };
      proxies.push(
        spawn(haproxy?.path ?? '', ['-db', '-f', 'deploy/socket-proxy/haproxy.cfg'], { env, stdio: 'ignore' }),
      );
      await until(
        'an answer through HAProxy',
        10_000,
        async () => (await statusOf('GET', '/_ping', path)) === 200 || undefined,
      );
    }
  });
  afterAll(() => {
    for (const proxy of proxies) proxy.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('lets updates of every kind through', async () => {
    const service = await Service.start({ DOCKER_HOST: `unix://${socket}` });
    await service.ready();
    const app = await everyKindOfUpdate(service);
    expect(await versionAt(app.port)).toBe('v2');
    await service.stop();
  }, 120_000);

  it('lets every call of the list through to the engine', async () => {
    for (const call of documentedCalls().keys()) {
      const [method = '', path = ''] = call.split(' ');
      const id = '0'.repeat(ofSwarm.test(path) ? 25 : 64);
      // Those that only the engine can refuse: it knows no such container, image or network.
      const status = await statusOf(method, `/v1.41${path.replace('{id}', id).replace('{name}', `none:${id}`)}`);
      expect([call, status]).not.toEqual([call, 403]);
    }
  });

  it('lets no call of a Swarm through where that was not asked for', async () => {
    const calls = [...documentedCalls().keys()]
      .map((call) => call.split(' '))
      .filter(([, path]) => ofSwarm.test(path ?? ''));
    expect(calls).toHaveLength(4);
    for (const [method = '', path = ''] of calls) {
      const call = path.replace('{id}', '0'.repeat(25));
      expect([call, await statusOf(method, call, withoutSwarm)]).toEqual([call, 403]);
    }
  });

  const id = 'a'.repeat(64);
  it.each([
    ['GET', '/services'],
    ['POST', '/services/create'],
    ['DELETE', `/services/${id.slice(0, 25)}`],
    ['GET', '/nodes'],
    ['POST', '/nodes/x/update'],
    ['POST', `/containers/${id}/exec`],
    ['POST', `/v1.41/containers/${id}/attach`],
    ['GET', `/containers/${id}/export`],
    ['GET', `/containers/${id}/top`],
    ['POST', '/containers/prune'],
    ['POST', '/build'],
    ['POST', '/commit'],
    ['POST', '/session'],
    ['POST', '/auth'],
    ['GET', '/images/json'],
    ['POST', '/images/load'],
    ['POST', '/images/create?fromSrc=http://example/'],
    ['POST', '/images/x/push'],
    ['GET', '/volumes'],
    ['POST', '/volumes/create'],
    ['POST', '/networks/create'],
    ['DELETE', '/networks/x'],
    ['GET', '/secrets'],
    ['GET', '/swarm'],
    ['POST', '/swarm/init'],
    ['GET', '/plugins'],
    ['GET', '/system/df'],
    ['GET', `/images/../containers/${id}/export`],
    ['GET', `/images/x/%2e%2e/json`],
    ['PATCH', '/version'],
  ])('denies %s %s', async (method, path) => {
    expect(await statusOf(method, path)).toBe(403);
  });

  const compose = onPrivateEngine ? composeCommand() : undefined;
  (compose ? it : it.skip)('is mounted by a compose file that Compose can read', () => {
    cpSync('deploy/socket-proxy', join(folder, 'deploy/socket-proxy'), { recursive: true });
    writeFileSync(join(folder, '.env'), 'SECRET_KEY=x\n');
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', `${compose} -f deploy/socket-proxy/compose.yaml config`],
      {
        cwd: folder,
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout).toContain('haproxy.cfg');
  });
});
