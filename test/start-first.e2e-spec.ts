// @extended
// @needs internet: the reverse proxy is a Debian package.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import {
  describeOnEachEngine,
  describeOnEngine,
  docker,
  testEnvironment,
  uniqueImage,
  uniqueName,
} from './support/runner/environment.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { HttpLoad } from './support/service/load.js';
import { pullImage } from './support/engine/pull-image.js';
import { nginxBase, proxyImage, runReverseProxy, slowApp } from './support/service/reverse-proxy.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const startFirst = { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '3s' };

/** On the network, under a name and an alias. */
async function runBehind(
  network: string,
  image: string,
  app: AppImage,
  options: Docker.ContainerCreateOptions = {},
  on: Docker = docker,
): Promise<{ name: string; id: string }> {
  await publish(docker, image, app);
  await pullImage(on, image);
  const name = uniqueName('web');
  const container = await on.createContainer({
    name,
    Image: image,
    Labels: startFirst,
    ...options,
    HostConfig: { NetworkMode: network, RestartPolicy: { Name: 'always' }, ...options.HostConfig },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [`${name}-alias`] } } },
  });
  await container.start();
  return { name, id: container.id };
}

async function namesOf(name: string, on: Docker = docker): Promise<string[]> {
  return (await on.listContainers({ all: true, filters: { name: [name] } })).flatMap(({ Names }) => Names);
}

describeOnEachEngine('start-first behind a reverse proxy', (engine) => {
  it('loses no request of 200 a second, with an app that takes 10 s to listen', async () => {
    const service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '200ms' });
    const network = uniqueName('front');
    await engine.docker.createNetwork({ Name: network });
    const nginx = nginxBase();
    const proxy = uniqueImage('proxy');
    await publish(docker, proxy, proxyImage(nginx));
    const image = uniqueImage('slow');
    const { name, id } = await runBehind(network, image, slowApp(nginx, 0, 'v1'), {}, engine.docker);
    const upstreams = { '/name': name, '/alias': `${name}-alias` };
    const { container, port } = await runReverseProxy(engine.docker, proxy, network, upstreams);
    const proxied = Object.keys(upstreams).map((path) => `http://127.0.0.1:${port}${path}`);
    try {
      await Promise.all(proxied.map((url) => until(url, 30_000, () => engine.fetchText(url))));
      await publish(docker, image, slowApp(nginx, 10, 'v2'));
      await service.ready();

      // What the machine, the proxy and the app can do without any update.
      const plain = await HttpLoad.start(engine, 200, proxied, 1000).done();
      expect(plain).toMatchObject({ failed: 0, failures: [], answers: ['v1'] });

      const load = HttpLoad.start(engine, 200, proxied);
      const deployment = await service.update(name, 90_000);
      const { requests, ...seen } = await load.end();
      expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', downtimeMs: 0 });
      expect(deployment.stages.map(({ stage }) => stage).slice(-4)).toEqual(['prepare', 'prove', 'swap', 'commit']);
      const said = (await container.logs({ stdout: true, stderr: true, tail: 40, timestamps: true })).toString();
      // What the proxy tells of a try that it has made good by another one is of no interest.
      const failures = seen.failed === 0 ? [] : [...seen.failures, ...said.split('\n')];
      expect({ ...seen, failures }).toMatchObject({ failed: 0, failures: [], answers: ['v1', 'v2'] });
      expect(requests).toBeGreaterThan(2000);
      const after = await engine.docker.getContainer(name).inspect();
      expect(after.Id).not.toBe(id);
      expect(after.HostConfig.RestartPolicy).toMatchObject({ Name: 'always' });
      expect(after.NetworkSettings.Networks[network]?.Aliases).toEqual(expect.arrayContaining([`${name}-alias`, name]));
      expect(await namesOf(name, engine.docker)).toEqual([`/${name}`]);
    } finally {
      await container.remove({ force: true });
      await service.stop();
    }
  }, 240_000);
});

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
    await service.stop();
  });

  it('leaves the old container alone where the new one fails: it was never stopped', async () => {
    const image = uniqueImage('broken');
    const { name, id } = await runBehind(network, image, { version: 'v1' });
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
    expect(await namesOf(name)).toEqual([`/${name}`]);
  });

  it.each([
    ['a published port', { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] } } }, 'port'],
    ['a writable volume', { HostConfig: { Binds: ['data-of-one:/data'] } }, '/data'],
    [
      'a label to be left stopped',
      { Labels: { ...startFirst, 'trigger-docker-pull.on-failure': 'stop' } },
      'cannot be combined',
    ],
  ])('is refused with %s, before anything is touched', async (_, options, reason) => {
    const image = uniqueImage('exclusive');
    const { name, id } = await runBehind(
      network,
      image,
      { version: 'v1' },
      { ...options, ExposedPorts: { '80/tcp': {} } },
    );
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({
      status: 'failed',
      error: { code: 'refused', stage: 'prepare', message: expect.stringContaining(reason) },
    });
    expect((await docker.getContainer(name).inspect()).Id).toBe(id);
    expect(await namesOf(name)).toEqual([`/${name}`]);
  });
});
