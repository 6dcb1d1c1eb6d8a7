import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pullImage } from './support/engine/pull-image.js';
import { publish } from './support/fixtures/images.js';
import { RegistryProxy } from './support/registry/registry-proxy.js';
import { describeOnEachEngine, testEnvironment, uniqueName } from './support/runner/environment.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service } from './support/service/service.js';

type Lie = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const innerWords = `only-for-the-inside-${uniqueName('words')}`;
const password = `password-${uniqueName('registry')}`;
keepSecret(password);
const chunk = Buffer.alloc(64 * 1024, ' ');

const isManifest = ({ url = '' }: IncomingMessage): boolean => url.includes('/manifests/');
const isBlob = ({ url = '' }: IncomingMessage): boolean => url.includes('/blobs/');

/** Writes on and on, until nobody reads any more. */
function pour(outgoing: ServerResponse, data: string | Buffer, everyMs: number): void {
  const timer = setInterval(() => outgoing.write(data), everyMs);
  outgoing.once('close', () => {
    clearInterval(timer);
  });
}

const endless =
  (isMeant: typeof isManifest, data: string | Buffer, everyMs: number): Lie =>
  (incoming, outgoing) => {
    if (!isMeant(incoming) || incoming.method === 'HEAD') return false;
    const type = isManifest(incoming) ? manifestType : 'application/octet-stream';
    outgoing.writeHead(200, { 'Content-Type': type });
    pour(outgoing, data, everyMs);
    return true;
  };

describeOnEachEngine('a registry that lies', (engine) => {
  let registry: RegistryProxy;
  /** What a host in the inner network would be: nobody outside may read what it says. */
  let inner: Server;
  let innerUrl: string;
  const toldInside: string[] = [];
  let service: Service;
  let image: string;
  let name: string;
  let containerId: string;

  beforeAll(async () => {
    registry = await RegistryProxy.start(testEnvironment().registry, engine.private?.namespaces);
    inner = createServer(({ headers, url }, response) => {
      toldInside.push(`${url ?? ''} ${JSON.stringify(headers)}`);
      response.writeHead(url?.includes('fails') ? 500 : 200, { 'Content-Type': 'text/plain' }).end(innerWords);
    }).listen(0, '127.0.0.1');
    await once(inner, 'listening');
    innerUrl = `http://127.0.0.1:${(inner.address() as AddressInfo).port}`;
    const DOCKER_CONFIG_PATH = join(mkdtempSync(join(tmpdir(), 'hostile-')), 'config.json');
    const auth = Buffer.from(`ci:${password}`).toString('base64');
    writeFileSync(DOCKER_CONFIG_PATH, JSON.stringify({ auths: { 'other-registry.example': { auth } } }));
    service = await Service.start({
      DOCKER_HOST: engine.dockerHost,
      DOCKER_CONFIG_PATH,
      PULL_TIMEOUT: '4s',
      PULL_IDLE_TIMEOUT: '3s',
      DIGEST_TIMEOUT: '1s',
    });
    await service.ready();
    image = `${registry.host}/${uniqueName('lies')}:latest`;
    await publish(engine.docker, image, { version: uniqueName('v1') });
    await pullImage(engine.docker, image);
    name = uniqueName('lies');
    const container = await engine.docker.createContainer({ name, Image: image });
    containerId = container.id;
    await container.start();
    // Unique: an engine that has the content already asks a registry for nothing more.
    await publish(engine.docker, image, { version: uniqueName('v2') });
  }, 60_000);
  afterEach(() => {
    registry.lie = undefined;
  });
  afterAll(async () => {
    await service.stop();
    await engine.docker.getContainer(name).remove({ force: true });
    registry.stop();
    inner.closeAllConnections();
    inner.close();
  });

  const expectUntouched = async (): Promise<void> => {
    const { Id, State } = await engine.docker.getContainer(name).inspect();
    expect([Id, State.Running, State.StartedAt]).toEqual([containerId, true, startedAt]);
  };
  let startedAt: string;
  beforeAll(async () => {
    startedAt = (await engine.docker.getContainer(name).inspect()).State.StartedAt;
  });

  const redirected =
    (path: string): Lie =>
    (incoming, outgoing) => {
      if (!isBlob(incoming)) return false;
      outgoing.writeHead(307, { Location: `${innerUrl}/${path}` }).end();
      return true;
    };
  const withRealm =
    (path: string): Lie =>
    (incoming, outgoing) => {
      if (incoming.headers.authorization !== undefined) return false;
      const realm = `${innerUrl}/${path}`;
      outgoing.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${realm}",service="x"` }).end('{}');
      return true;
    };

  it.each<[string, () => Lie]>([
    ['whose manifest has no end', () => endless(isManifest, chunk, 20)],
    ['whose manifest comes a byte at a time', () => endless(isManifest, ' ', 100)],
    ['whose layers have no end', () => endless(isBlob, chunk, 20)],
    ['whose layers come a byte at a time', () => endless(isBlob, ' ', 100)],
    [
      'whose layers are others than asked for',
      () => (incoming, outgoing) => {
        if (!isBlob(incoming)) return false;
        outgoing.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end('another layer');
        return true;
      },
    ],
    ['whose layers are at an inner address', () => redirected('blob')],
    ['whose layers are at an inner address that fails', () => redirected('fails')],
    ['whose tokens are at an inner address', () => withRealm('token')],
    ['whose tokens are at an inner address that fails', () => withRealm('fails')],
    [
      'that redirects to itself for ever',
      () => (incoming, outgoing) => {
        outgoing.writeHead(307, { Location: incoming.url }).end();
        return true;
      },
    ],
  ])(
    '%s neither touches the container, holds up the service, nor gets or tells a secret',
    async (_, lie) => {
      registry.lie = lie();
      const begun = performance.now();
      const failed = await service.update(name);
      expect(failed).toMatchObject({ status: 'failed', error: { stage: 'pull' } });
      expect(performance.now() - begun).toBeLessThan(15_000);
      await expectUntouched();
      expect(JSON.stringify(failed)).not.toContain(innerWords);
      expect(toldInside.filter((told) => /authorization/i.test(told))).toEqual([]);
    },
    30_000,
  );

  it('that serves another image under the digest that was asked for does not get it run', async () => {
    // One that the engine has seen, by its digest, it does not ask for again.
    await publish(engine.docker, image, { version: 'v3' });
    const wanted = await registry.digestOf(image);
    const other = `${image}-other`;
    await publish(engine.docker, other, { version: 'not asked for' });
    const [host = '', path = ''] = other.replace(/:([^:]+)$/, ' $1').split(' ');
    const served = await fetch(`http://${host.replace('/', '/v2/')}/manifests/${path}`, {
      headers: { Accept: manifestType },
    });
    const body = Buffer.from(await served.arrayBuffer());
    registry.lie = (incoming, outgoing) => {
      if (!isManifest(incoming)) return false;
      outgoing.writeHead(200, {
        'Content-Type': manifestType,
        'Content-Length': body.length,
        'Docker-Content-Digest': wanted,
      });
      outgoing.end(incoming.method === 'HEAD' ? undefined : body);
      return true;
    };
    const failed = await service.update(`${name}?digest=${wanted}`);
    expect(failed).toMatchObject({ status: 'failed', error: { stage: 'pull' } });
    await expectUntouched();
  }, 30_000);

  it('is updated from once it tells the truth', async () => {
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
  }, 60_000);
});
