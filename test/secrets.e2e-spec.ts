import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deployment } from '../src/deployments/deployment.js';
import { runApp } from './support/fixtures/apps.js';
import { EngineProxy } from './support/engine/engine-proxy.js';
import {
  describeOnPrivateEngine,
  docker,
  testEnvironment,
  uniqueImage,
  uniqueName,
} from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service } from './support/service/service.js';

describeOnPrivateEngine('secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  const config = join(folder, 'config.json');
  const tokens = { ofTarget: randomUUID(), ofBoth: randomUUID() };
  let proxy: EngineProxy;
  let service: Service;
  let registry: Server;
  let host: string;

  beforeAll(async () => {
    // Says in its errors what it was sent, as a proxy in front of a registry may.
    registry = createServer(({ headers }, response) => {
      const { authorization } = headers;
      const status = authorization ? 400 : 401;
      response.writeHead(status, { 'WWW-Authenticate': 'Basic realm="x"', 'Content-Type': 'application/json' });
      const [, encoded = ''] = (authorization ?? '').split(' ');
      const clear = Buffer.from(encoded, 'base64').toString();
      const message = `bad request: Authorization: ${authorization ?? ''} (${clear}) (${encodeURIComponent(clear)})`;
      response.end(JSON.stringify({ errors: [{ code: 'UNKNOWN', message }] }));
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
    writeFileSync(config, '{}');
    const policy = join(folder, 'policy.yaml');
    writeFileSync(
      policy,
      JSON.stringify({
        tokens: [
          { id: 'target', env: 'OF_TARGET', containers: ['*app*'], actions: ['notify', 'read'] },
          { id: 'both', env: 'OF_BOTH', containers: ['*app*', '*dependent*'], actions: ['notify', 'read'] },
        ],
      }),
    );
    keepSecret(...Object.values(tokens));
    proxy = await EngineProxy.start(testEnvironment().dockerHost);
    service = await Service.start({
      DOCKER_HOST: proxy.dockerHost,
      DOCKER_CONFIG_PATH: config,
      PATH: `${folder}:${process.env.PATH ?? ''}`,
      POLICY_PATH: policy,
      OF_TARGET: tokens.ofTarget,
      OF_BOTH: tokens.ofBoth,
    });
    await service.ready();
  });
  afterAll(async () => {
    await service.stop();
    proxy.stop();
    registry.close();
  });

  const passwordOf = (name: string): string => {
    const password = `${name}-p@ss/w0rd+${randomUUID()}`;
    keepSecret(password, encodeURIComponent(password), Buffer.from(`ci:${password}`).toString('base64'));
    return password;
  };

  it.each<[string, (password: string) => object]>([
    ['of a helper', () => ({ credHelpers: { [host]: 'test' } })],
    ['as user name and password', (password) => ({ auths: { [host]: { username: 'ci', password } } })],
    ['as auth', (password) => ({ auths: { [host]: { auth: Buffer.from(`ci:${password}`).toString('base64') } } })],
  ])('are masked when the registry says the credentials that it was sent, %s', async (_, configOf) => {
    const password = passwordOf('registry');
    const program = join(folder, 'docker-credential-test');
    writeFileSync(program, `#!/bin/sh\ncat <<'E'\n${JSON.stringify({ Username: 'ci', Secret: password })}\nE\n`);
    chmodSync(program, 0o755);
    writeFileSync(config, JSON.stringify(configOf(password)));
    const source = uniqueImage('echoed');
    const app = await runApp(source, { version: 'v1' });
    const name = uniqueName('echoed');
    const image = `${host}/${name}`;
    await docker.getImage((await docker.getContainer(app.name).inspect()).Image).tag({ repo: image, tag: 'latest' });
    await docker.createContainer({ name, Image: `${image}:latest` });
    const deployment = await service.update(name);
    expect(deployment.error?.message).toContain('Authorization: Basic ***');
    const told = `${JSON.stringify(deployment)}\n${service.output.join('\n')}`;
    for (const form of [password, encodeURIComponent(password), Buffer.from(`ci:${password}`).toString('base64')])
      expect(told).not.toContain(form);
  });

  it('are masked when a container prints the password of a URL alone, or in another form', async () => {
    const password = 'hunter22+of+the+database';
    const image = uniqueImage('database');
    const url = `postgres://app:${encodeURIComponent(password)}@db/app`;
    const app = await runApp(image, { version: 'v1' }, { Env: [`DATABASE_URL=${url}`, 'PIN=12', 'API_TOKEN=t0k3n'] });
    const base64 = Buffer.from(`x-app:${password}`).toString('base64');
    const health = `${'y'.repeat(4090 - 15)}${password}`;
    await publish(docker, image, {
      version: 'v2',
      cmd: [
        '/bin/sh',
        '-c',
        `echo 'no access with ${password}'; echo 'Basic ${base64}'; echo "$API_TOKEN"; echo "$DATABASE_URL"; exit 7`,
      ],
    });
    const deployment = await service.update(app.name);
    expect(deployment.error?.logTail).toEqual(['no access with ***', 'Basic eC***', '***', '***']);

    await publish(docker, image, {
      version: 'v3',
      cmd: ['/bin/sh', '-c', 'exec /bin/busybox sleep 1000'],
      config: {
        Healthcheck: { Test: ['CMD-SHELL', `echo '${health}'; exit 1`], Interval: 1e9, Timeout: 5e9, Retries: 1 },
      },
    });
    const sick = await service.update(app.name, 120_000);
    expect(sick).toMatchObject({
      status: 'rolled_back',
      error: { healthOutput: expect.stringMatching(/yyy\*\*\*\.\.\.$/) },
    });
    keepSecret(password, url);
  }, 180_000);

  it('of a dependent are masked, and its lines are for who may read it', async () => {
    const [ofTarget, ofDependent] = ['target-value-1234', 'dependent-value-1234'];
    keepSecret(ofTarget, ofDependent);
    const image = uniqueImage('app');
    const app = await runApp(image, { version: 'v1' }, { Env: [`A=${ofTarget}`], name: uniqueName('app') });
    const dependent = uniqueName('dependent');
    const script = [
      'until version=$(/bin/busybox wget -qO- http://127.0.0.1/); do /bin/busybox sleep 0.1; done',
      `[ "$version" = v1 ] || { echo "mine is $B"; echo "not mine ${ofTarget}"; exit 7; }`,
      'exec /bin/busybox sleep 1000',
    ].join('; ');
    const container = await docker.createContainer({
      name: dependent,
      Image: image,
      Env: [`B=${ofDependent}`],
      Cmd: ['/bin/sh', '-c', script],
      HostConfig: { NetworkMode: `container:${app.id}` },
    });
    await container.start();
    await publish(docker, image, { version: 'v2' });
    const { id, error } = await service.update(app.name);
    expect(error).toMatchObject({ evidenceOf: dependent, exitCode: 7, logTail: ['mine is ***', 'not mine ***'] });

    const readAs = async (token: string, path: string): Promise<string> =>
      (await service.fetch(path, { headers: { Authorization: `Bearer ${token}` } })).text();
    const paths = [`/deployments/${id}`, `/deployments/${id}?wait=1`, `/deployments/${id}/events`, '/deployments'];
    for (const path of paths) {
      expect(await readAs(tokens.ofBoth, path)).toContain('mine is ***');
      const told = await readAs(tokens.ofTarget, path);
      expect(told).toContain(id);
      expect(told).not.toContain('mine is');
    }
    const record = JSON.parse(await readAs(tokens.ofTarget, `/deployments/${id}`)) as Deployment;
    expect(record.error).not.toHaveProperty('exitCode');
  });

  it('cost no time before the old container runs again: the log is read after its start', async () => {
    const image = uniqueImage('zeros');
    const zeros = Array.from({ length: 100 }, (_, index) => `ZEROS_${index}=${'0'.repeat(8 + index)}`);
    const app = await runApp(image, { version: 'v1' }, { Env: zeros });
    const cmd = ['/bin/sh', '-c', 'i=0; while [ $i -lt 500 ]; do printf %01000d 0; i=$((i+1)); done; echo end; exit 7'];
    await publish(docker, image, { version: 'v2', cmd });
    proxy.reset();
    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({ status: 'rolled_back', error: { exitCode: 7 } });
    const calls = proxy.calls.map(({ method, path }) => `${method} ${path}`);
    const logs = calls.findIndex((call) => call.includes('/logs'));
    const starts = calls.flatMap((call, index) => (/\/start(\?|$)/.test(call) ? [index] : []));
    expect(starts).toHaveLength(2);
    expect(logs).toBeGreaterThan(starts[1] ?? Infinity);
    expect(calls.findIndex((call) => call.startsWith('DELETE'))).toBeGreaterThan(logs);
  });
});
