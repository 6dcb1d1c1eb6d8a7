import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { containerInspect } from './support/fixtures/containers.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { FakeEngine, json, neverAnswer, stream } from './support/engine/fake-engine.js';
import { publish } from './support/fixtures/images.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service, type LogLine } from './support/service/service.js';

describeOnEngine('S15: a registry with credentials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-config-'));
  const path = join(folder, 'config.json');
  let service: Service;

  beforeAll(async () => {
    const { account } = testEnvironment();
    keepSecret(account.password, auth(account), 'wrong-password');
    writeFileSync(path, '{}');
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, DOCKER_CONFIG_PATH: path });
    await service.ready();
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  const writeConfig = (auths: object): void => {
    writeFileSync(path, JSON.stringify({ auths }));
  };
  const auth = ({ username, password }: { username: string; password: string }): string =>
    Buffer.from(`${username}:${password}`).toString('base64');
  const privateImage = (): string => `${testEnvironment().privateRegistry}/${uniqueName('private')}:latest`;

  it.each([
    ['a bare key', (host: string) => host],
    ['a key with scheme', (host: string) => `https://${host}`],
    ['a key with scheme and path', (host: string) => `https://${host}/v2/`],
  ])('is pulled from with the credentials under %s', async (_, keyOf) => {
    const { account, privateRegistry } = testEnvironment();
    const image = privateImage();
    const app = await runApp(image, { version: 'v1' }, {}, account);
    await publish(docker, image, { version: 'v2' }, account);
    writeConfig({
      'registry.example': { auth: auth({ username: 'other', password: 'other' }) },
      [keyOf(privateRegistry)]: { auth: auth(account) },
    });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');
    expect(service.output.join('\n')).not.toContain(account.password);
    expect(service.output.join('\n')).not.toContain(auth(account));
  });

  it('is told apart by why it refused: wrong credentials, none, an unreadable file; the old container is untouched', async () => {
    const { account, privateRegistry } = testEnvironment();
    const app = await runApp(privateImage(), { version: 'v1' }, {}, account);
    writeConfig({ [privateRegistry]: { auth: auth({ ...account, password: 'wrong-password' }) } });
    expect(await service.update(app.name)).toMatchObject({
      status: 'failed',
      error: { code: 'pull_unauthorized', stage: 'pull', message: expect.stringContaining(privateRegistry) },
    });
    writeConfig({});
    expect(await service.update(app.name)).toMatchObject({
      status: 'failed',
      error: { code: 'pull_unauthorized', message: expect.stringContaining('no credentials') },
    });
    writeFileSync(path, '{"auths": broken');
    expect(await service.update(app.name)).toMatchObject({
      status: 'failed',
      error: { code: 'registry_credentials', message: expect.stringContaining(path) },
    });
    rmSync(path);
    expect(await service.update(app.name)).toMatchObject({
      status: 'failed',
      error: { code: 'registry_credentials', message: expect.stringContaining('does not exist') },
    });
    expect(service.output.join('\n')).not.toContain('wrong-password');
    expect((await docker.getContainer(app.name).inspect()).Id).toBe(app.id);
    expect(await versionAt(app.port)).toBe('v1');
    // The file is read anew for each pull: no restart is needed.
    writeConfig({ [privateRegistry]: { auth: auth(account) } });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
  });
});

async function expectOneErrorLine(service: Service, deploymentId: string): Promise<void> {
  const isIts = (line: LogLine): boolean => line.deploymentId === deploymentId && line.level === 'error';
  await service.logged(isIts);
  expect(service.logs.filter(isIts)).toHaveLength(1);
}

describeOnEngine('a pull that fails', () => {
  let service: Service;
  let next: { name: string };

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, PULL_TIMEOUT: '8s' });
    await service.ready();
    next = await runApp(uniqueImage('next'), { version: 'v1' });
  });
  afterAll(() => service.stop());

  const expectFailure = async (
    app: { name: string; id: string; port: number },
    code: string | RegExp,
  ): Promise<void> => {
    const [failed, following] = await Promise.all([
      service.update(app.name, 60_000),
      service.update(next.name, 60_000),
    ]);
    expect(failed).toMatchObject({ status: 'failed', error: { code: expect.stringMatching(code), stage: 'pull' } });
    expect(following).toMatchObject({ status: 'succeeded' });
    await expectOneErrorLine(service, failed.id);
    expect((await docker.getContainer(app.name).inspect()).Id).toBe(app.id);
    expect(await versionAt(app.port)).toBe('v1');
  };

  /** A registry that answers through a small proxy of ours, which can die. */
  const proxied = async (): Promise<{ server: Server; host: string; dieInLayers: () => void }> => {
    let dying = false;
    const [registryHost, registryPort] = testEnvironment().registry.split(':');
    const server = createServer((incoming, outgoing) => {
      const onward = request(
        {
          host: registryHost,
          port: registryPort,
          path: incoming.url,
          method: incoming.method,
          headers: incoming.headers,
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          if (!dying || !incoming.url?.includes('/blobs/') || Number(answer.headers['content-length']) < 1_000_000) {
            answer.pipe(outgoing);
            return;
          }
          answer.once('data', (chunk: Buffer) => {
            outgoing.write(chunk.subarray(0, 1000), () => outgoing.destroy());
            server.closeAllConnections();
            server.close();
          });
        },
      );
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      server,
      host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      dieInLayers: () => {
        dying = true;
      },
    };
  };

  it('because the tag is gone is a logged failure, and the next job runs', async () => {
    const image = uniqueImage('gone');
    const app = await runApp(image, { version: 'v1' });
    const repository = image.slice(image.indexOf('/') + 1, image.lastIndexOf(':'));
    const url = `http://${testEnvironment().registry}/v2/${repository}/manifests`;
    const Accept = 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json';
    const digest = (await fetch(`${url}/latest`, { headers: { Accept } })).headers.get('docker-content-digest');
    await fetch(`${url}/${String(digest)}`, { method: 'DELETE' });
    await expectFailure(app, 'pull_not_found');
  });

  it('because the registry is down is a logged failure, and the next job runs', async () => {
    const { server, host } = await proxied();
    const image = `${host}/${uniqueName('down')}:latest`;
    const app = await runApp(image, { version: 'v1' });
    server.closeAllConnections();
    server.close();
    await expectFailure(app, 'pull_failed');
  });

  it('because the registry dies in mid-layer is a logged failure, and the next job runs', async () => {
    const { host, dieInLayers } = await proxied();
    const image = `${host}/${uniqueName('dies')}:latest`;
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2', files: { ballast: randomBytes(3_000_000) } });
    dieInLayers();
    // The engine itself tries a layer again for more than a minute; the deployment's own deadline ends it.
    await expectFailure(app, /pull_timeout|pull_failed/);
  }, 120_000);
});

describe('a pull that only a fake engine can make fail', () => {
  let engine: FakeEngine;
  let service: Service;
  const container = containerInspect({ Config: { Image: 'registry.example/web:1' } });

  beforeEach(async () => {
    engine = await FakeEngine.start();
    engine.on('GET', /^\/containers\/json/, json([]));
    engine.on('GET', /^\/containers\/web\/json/, json(container));
    engine.on(
      'GET',
      /^\/images\/.*\/json/,
      json({ Id: container.Image, Os: 'linux', Architecture: 'amd64', Config: {} }),
    );
    // No image of it was rolled back.
    engine.on('GET', /^\/images\/trigger-docker-pull\//, json({ message: 'No such image' }, 404));
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, PULL_IDLE_TIMEOUT: '1s', PULL_TIMEOUT: '20s' });
    await service.ready();
  });
  afterEach(async () => {
    await service.stop();
    engine.stop();
  });

  const line = (message: object): string => `${JSON.stringify(message)}\n`;
  const good = [
    line({ status: 'Pulling from web', id: '1' }),
    line({ status: 'Status: Image is up to date for registry.example/web:1' }),
  ];

  it.each([
    [
      'an error in the stream',
      [
        line({ status: 'Pulling' }),
        line({ errorDetail: { message: 'no space left on device' }, error: 'no space left on device' }),
      ],
      'end',
      'disk_full',
      'no space left',
    ],
    [
      'an errorDetail alone',
      [line({ errorDetail: { message: 'unauthorized: authentication required' } })],
      'end',
      'pull_unauthorized',
      'authentication required',
    ],
    [
      'an error on an unterminated last line',
      [line({ status: 'Pulling' }), '{"error":"no space left on device"}'],
      'end',
      'disk_full',
      'no space left',
    ],
    [
      'a line that is no JSON',
      [line({ status: 'Pulling' }), '<html>Bad Gateway</html>\n'],
      'end',
      'pull_failed',
      'Bad Gateway',
    ],
    ['an end without a verdict', [line({ status: 'Pulling' })], 'end', 'pull_failed', ''],
    ['silence', [line({ status: 'Pulling' })], 'hang', 'pull_timeout', '1 s'],
    ['a reset', [line({ status: 'Pulling' })], 'reset', 'pull_failed', ''],
  ] as const)(
    '%s is a logged failure, nothing is touched, and the next job runs',
    async (_, chunks, end, code, words) => {
      engine.on('POST', /^\/images\/create/, stream([...chunks], end));
      const failed = await service.update('web');
      expect(failed).toMatchObject({
        status: 'failed',
        error: { code, stage: 'pull', message: expect.stringContaining(words) },
      });
      await expectOneErrorLine(service, failed.id);
      engine.on('POST', /^\/images\/create/, stream(good));
      expect(await service.update('web')).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
      expect(engine.unexpected).toEqual([]);
      expect(engine.calls.filter((call) => !call.startsWith('GET') && !call.startsWith('POST /images/create'))).toEqual(
        [],
      );
    },
  );

  it('silence from the first is a failure as well', async () => {
    engine.on('POST', /^\/images\/create/, neverAnswer);
    const begun = performance.now();
    expect(await service.update('web')).toMatchObject({
      status: 'failed',
      error: { code: 'pull_timeout', stage: 'pull' },
    });
    expect(performance.now() - begun).toBeLessThan(10_000);
    engine.on('POST', /^\/images\/create/, stream(good));
    expect(await service.update('web')).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
  });

  it('an engine that goes away and comes back is waited for, without a restart of the service', async () => {
    engine.on('POST', /^\/images\/create/, stream(good));
    let away = 2;
    engine.on('GET', /^\/version$/, (request, response) => {
      if (away-- > 0) request.socket.destroy();
      else
        json({ Version: '28.5.2', ApiVersion: '1.51', MinAPIVersion: '1.24', Os: 'linux', Arch: 'amd64' })(
          request,
          response,
        );
    });
    expect(await service.update('web')).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
  });
});

describe('an engine that stays away', () => {
  it('fails the deployment with that reason, once its time is over', async () => {
    const service = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', ENGINE_WAIT: '1s' });
    expect(await service.update('web')).toMatchObject({
      status: 'failed',
      error: { code: 'engine_unreachable', message: expect.stringContaining('cannot reach the engine') },
    });
    await service.stop();
  });
});
