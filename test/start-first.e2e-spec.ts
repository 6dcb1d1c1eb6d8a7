// @extended
// @needs internet: the reverse proxy is a Debian package.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { pull } from './support/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/environment.js';
import { publish, type AppImage } from './support/images.js';
import { runReverseProxy } from './support/reverse-proxy.js';
import { Service } from './support/service.js';
import { until } from './support/until.js';

const startFirst = { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '3s' };
const listensAfter = (seconds: number, version: string): AppImage => ({
  version,
  cmd: ['/bin/sh', '-c', `/bin/busybox sleep ${seconds}; exec /bin/busybox httpd -f -p 80 -h /www`],
  lines: ['HEALTHCHECK --interval=1s CMD ["/bin/busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"]'],
});

/** As a proxy's own clients do: connections are kept, and there are no more of them than the proxy can hold. */
const agent = new Agent({ keepAlive: true, maxSockets: 100 });

/** @throws Error with the status, where it is not 200 */
async function answerOf(url: string): Promise<string> {
  const asked = get(url, { agent, timeout: 60_000 });
  asked.once('timeout', () => asked.destroy(new Error('no answer within a minute')));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(String(response.statusCode));
  return answer;
}

interface Load {
  requests: number;
  failures: string[];
  versions: Set<string>;
}

/** Asks at a steady rate, whatever becomes of each request, until it is told to end; waits for the last answer. */
async function load(urls: string[], perSecond: number, signal: AbortSignal): Promise<Load> {
  const done: Load = { requests: 0, failures: [], versions: new Set() };
  const pending: Promise<void>[] = [];
  const ask = async (url: string): Promise<void> => {
    try {
      done.versions.add(await answerOf(url));
    } catch (error) {
      done.failures.push(`${url}: ${(error as Error).message}`);
    }
  };
  const began = performance.now();
  while (!signal.aborted) {
    const due = ((performance.now() - began) / 1000) * perSecond;
    while (done.requests < due) pending.push(ask(urls[done.requests++ % urls.length] ?? ''));
    await setTimeout(5);
  }
  await Promise.all(pending);
  return done;
}

describeOnEngine('start-first', () => {
  let service: Service;
  let network: string;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, SETTLE_TIME: '200ms' });
    await service.ready();
    network = uniqueName('front');
    await docker.createNetwork({ Name: network });
  });
  afterAll(async () => {
    agent.destroy();
    await service.stop();
  });

  const run = async (
    image: string,
    app: AppImage,
    options: Docker.ContainerCreateOptions = {},
  ): Promise<{ name: string; id: string }> => {
    await publish(docker, image, app);
    await pull(image);
    const name = uniqueName('web');
    const container = await docker.createContainer({
      name,
      Image: image,
      Labels: startFirst,
      ...options,
      HostConfig: { NetworkMode: network, RestartPolicy: { Name: 'always' }, ...options.HostConfig },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [`${name}-alias`] } } },
    });
    await container.start();
    return { name, id: container.id };
  };
  const names = async (name: string): Promise<string[]> =>
    (await docker.listContainers({ all: true, filters: { name: [name] } })).flatMap(({ Names }) => Names);

  it('loses no request of a proxy that follows the engine’s DNS, with an app that takes 10 s to listen', async () => {
    const image = uniqueImage('slow');
    const { name, id } = await run(image, listensAfter(0, 'v1'));
    const { container, port } = await runReverseProxy(network, { '/name': name, '/alias': `${name}-alias` });
    const urls = ['name', 'alias'].map((path) => `http://127.0.0.1:${port}/${path}`);
    await Promise.all(urls.map((url) => until(url, 10_000, async () => (await fetch(url)).ok || undefined)));
    await publish(docker, image, listensAfter(10, 'v2'));
    const end = new AbortController();
    const loaded = load(urls, 200, end.signal);
    const deployment = await service.update(name, 90_000);
    end.abort();
    const { requests, failures, versions } = await loaded;
    expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', downtimeMs: 0 });
    expect(deployment.stages.map(({ stage }) => stage).slice(-4)).toEqual(['prepare', 'prove', 'swap', 'commit']);
    const said = (await container.logs({ stdout: true, stderr: true, tail: 3 })).toString();
    expect({ failed: failures.length, first: failures.slice(0, 3), said }).toMatchObject({ failed: 0, first: [] });
    expect(requests).toBeGreaterThan(2000);
    expect(versions).toEqual(new Set(['v1', 'v2']));
    const after = await docker.getContainer(name).inspect();
    expect(after.Id).not.toBe(id);
    expect(after.HostConfig.RestartPolicy).toMatchObject({ Name: 'always' });
    expect(after.NetworkSettings.Networks[network]?.Aliases).toEqual(expect.arrayContaining([`${name}-alias`, name]));
    expect(await names(name)).toEqual([`/${name}`]);
    await container.remove({ force: true });
  }, 150_000);

  it('leaves the old container alone where the new one fails: it was never stopped', async () => {
    const image = uniqueImage('broken');
    const { name, id } = await run(image, { version: 'v1' });
    const before = await docker.getContainer(id).inspect();
    await publish(docker, image, { version: 'bad', cmd: ['/bin/sh', '-c', 'echo no such luck; exit 3'] });
    expect(await service.update(name)).toMatchObject({
      status: 'rolled_back',
      downtimeMs: 0,
      tagRestored: true,
      error: { code: 'restarting', stage: 'prove', exitCode: 3, logTail: expect.arrayContaining(['no such luck']) },
    });
    const after = await docker.getContainer(name).inspect();
    expect([after.Id, after.State.StartedAt]).toEqual([id, before.State.StartedAt]);
    expect(await names(name)).toEqual([`/${name}`]);
  });

  it.each([
    ['a published port', { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] } } }, 'port'],
    ['a writable volume', { HostConfig: { Binds: ['data-of-one:/data'] } }, '/data'],
    ['a label to be left stopped', { Labels: { ...startFirst, 'trigger-docker-pull.on-failure': 'stop' } }, 'exclude'],
  ])('is refused with %s, before anything is touched', async (_, options, reason) => {
    const image = uniqueImage('exclusive');
    const { name, id } = await run(image, { version: 'v1' }, { ...options, ExposedPorts: { '80/tcp': {} } });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({
      status: 'failed',
      error: { code: 'refused', stage: 'prepare', message: expect.stringContaining(reason) },
    });
    expect((await docker.getContainer(name).inspect()).Id).toBe(id);
    expect(await names(name)).toEqual([`/${name}`]);
  });
});
