// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { describeOnEachEngine, docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { Service } from './support/service/service.js';

const local = '127.0.0.1';

describeOnEachEngine('a container on an overlay network', (engine) => {
  /** Not on an engine that others use: it becomes a Swarm for a while. */
  const itHere = engine.private ? it : it.skip;
  const network = uniqueName('overlay');
  let service: Service;

  beforeAll(async () => {
    if (!engine.private) return;
    await engine.docker.swarmInit({ ListenAddr: local, AdvertiseAddr: local });
    await engine.docker.createNetwork({
      Name: network,
      Driver: 'overlay',
      Attachable: true,
      IPAM: { Config: [{ Subnet: '10.215.1.0/24' }] },
    });
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '100ms' });
    await service.ready();
  }, 120_000);
  afterAll(async () => {
    if (!engine.private) return;
    await service.stop();
    await engine.docker.swarmLeave({ force: true });
  });

  const run = async (endpoint: Docker.EndpointSettings): Promise<{ name: string; image: string; id: string }> => {
    const image = uniqueImage('overlaid');
    await publish(docker, image, { version: 'v1' });
    await pullImage(engine.docker, image);
    const name = uniqueName('overlaid');
    const container = await engine.docker.createContainer({
      name,
      Image: image,
      HostConfig: { NetworkMode: network },
      NetworkingConfig: { EndpointsConfig: { [network]: endpoint } },
    });
    await container.start();
    return { name, image, id: container.id };
  };
  const endpointOf = async (name: string): Promise<Docker.EndpointSettings> => {
    const { NetworkSettings } = await engine.docker.getContainer(name).inspect();
    return NetworkSettings.Networks[network] as unknown as Docker.EndpointSettings;
  };
  const remove = (name: string): Promise<unknown> => engine.docker.getContainer(name).remove({ force: true });

  itHere('keeps the address and the alias that were set', async () => {
    const { name, image } = await run({ IPAMConfig: { IPv4Address: '10.215.1.77' }, Aliases: ['fixed'] });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await endpointOf(name)).toMatchObject({
      IPAddress: '10.215.1.77',
      Aliases: expect.arrayContaining(['fixed']),
    });
    // Stopped, it shows what was asked for, and nothing else.
    await engine.docker.getContainer(name).stop();
    expect((await endpointOf(name)).IPAMConfig).toEqual({ IPv4Address: '10.215.1.77' });
    await remove(name);
  });

  itHere('is given an address where none was set, and none becomes a fixed one', async () => {
    const { name, image } = await run({});
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect((await endpointOf(name)).IPAddress).toMatch(/^10\.215\.1\./);
    await engine.docker.getContainer(name).stop();
    expect((await endpointOf(name)).IPAMConfig ?? {}).toEqual({});
    await remove(name);
  });

  itHere('comes back with the address that was set where the new image fails', async () => {
    const { name, image, id } = await run({ IPAMConfig: { IPv4Address: '10.215.1.78' } });
    await publish(docker, image, { version: 'v2', cmd: ['/bin/sh', '-c', 'exit 3'] });
    expect(await service.update(name)).toMatchObject({ status: 'rolled_back' });
    expect(await endpointOf(name)).toMatchObject({ IPAddress: '10.215.1.78' });
    expect((await engine.docker.getContainer(name).inspect()).Id).toBe(id);
    await remove(name);
  });
});
