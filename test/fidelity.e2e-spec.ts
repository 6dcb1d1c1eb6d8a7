// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { EngineProxy, type Fate } from './support/engine/engine-proxy.js';
import { describeOnEachEngine, docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { runInside } from './support/runner/run-inside.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

describeOnEachEngine('a container of which no faithful copy can be made is refused in prepare, untouched', (engine) => {
  const network = uniqueName('fidelity');
  let proxy: EngineProxy;
  let service: Service;

  beforeAll(async () => {
    await engine.docker.createNetwork({ Name: network });
    proxy = await EngineProxy.start(engine.dockerHost);
    service = await Service.start({ DOCKER_HOST: proxy.dockerHost, SETTLE_TIME: '100ms' });
    await service.ready();
  });
  afterAll(async () => {
    await service.stop();
    proxy.stop();
    await engine.docker.getNetwork(network).remove();
  });

  const run = async (
    options: Docker.ContainerCreateOptions,
  ): Promise<Docker.Container & { name: string; image: string }> => {
    const image = uniqueImage('unfaithful');
    await publish(docker, image, { version: 'v1' });
    await pullImage(engine.docker, image);
    const name = uniqueName('unfaithful');
    const container = await engine.docker.createContainer({ name, Image: image, ...options });
    await container.start();
    await publish(docker, image, { version: 'v2' });
    return Object.assign(container, { name, image });
  };

  const expectRefusal = async (container: Docker.Container & { name: string }, reason: RegExp): Promise<void> => {
    const before = await container.inspect();
    const deployment = await service.update(container.name);
    expect(deployment).toMatchObject({
      status: 'failed',
      error: { code: 'not_faithful', stage: 'prepare', message: expect.stringMatching(reason) },
    });
    expect(await container.inspect()).toEqual(before);
    const all = await engine.docker.listContainers({ all: true, filters: { name: [`${container.name}-upd-`] } });
    expect(all).toEqual([]);
    await container.remove({ force: true });
  };

  it('a network that the replacement is not on: what came out counts, not what was asked for', async () => {
    const container = await run({ HostConfig: { NetworkMode: network } });
    // As a network plug-in or a hand may do it: right after its creation the replacement is taken off.
    proxy.hooks.after = async ({ method, path }): Promise<Fate> => {
      if (method !== 'POST' || !path.startsWith('/containers/create')) return 'forward';
      await engine.docker
        .getNetwork(network)
        .disconnect({ Container: decodeURIComponent(path.split('name=')[1] ?? '') });
      return 'forward';
    };
    await expectRefusal(container, new RegExp(`would lose what was set: the network ${network}`));
    proxy.reset();
  });

  it('what Compose copied into it cannot be told from what it has written itself', async () => {
    const write =
      'i=0; while [ $i -lt 2100 ]; do echo > /www/$i; i=$((i+1)); done; exec /bin/busybox httpd -f -p 80 -h /www';
    const container = await run({
      Cmd: ['/bin/sh', '-c', write],
      Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.container-number': '1' },
    });
    await until('the last of its files', 20_000, () => runInside(container, 'ls', '/www/2099'));
    await expectRefusal(container, /more than 2000 files outside of volumes/);
  });
});
