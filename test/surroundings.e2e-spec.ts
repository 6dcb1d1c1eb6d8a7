import { expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { EngineProxy } from './support/engine/engine-proxy.js';
import { describeOnEachEngine, docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { Service } from './support/service/service.js';

const compose = (service: string, more: Record<string, string> = {}): Record<string, string> => ({
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': '1',
  ...more,
});

describeOnEachEngine('what an update does to its surroundings', (engine) => {
  const run = async (options: Docker.ContainerCreateOptions): Promise<{ name: string; image: string; id: string }> => {
    const [image, name] = [uniqueImage('around'), uniqueName('around')];
    await publish(docker, image, { version: 'v1' });
    await pullImage(engine.docker, image);
    const container = await engine.docker.createContainer({ ...options, name, Image: image });
    await container.start();
    await publish(docker, image, { version: 'v2' });
    return { name, image, id: container.id };
  };
  const remove = (name: string): Promise<unknown> => engine.docker.getContainer(name).remove({ force: true });
  const withService = async (dockerHost: string, use: (service: Service) => Promise<void>): Promise<void> => {
    const service = await Service.start({ DOCKER_HOST: dockerHost, SETTLE_TIME: '300ms' });
    try {
      await service.ready();
      await use(service);
    } finally {
      await service.stop();
    }
  };

  it('is told where a port moves, where Compose would restart others, and where a hostname is a dead id', async () => {
    const web = await run({
      Hostname: 'deadbeef0123',
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
      Labels: compose('web'),
    });
    const other = await run({
      Labels: compose('other', { 'com.docker.compose.depends_on': 'web:service_started:true' }),
    });
    await withService(engine.dockerHost, async (service) => {
      const plan = await (await service.fetch(`/notify/${web.name}?dry_run=true`, { method: 'POST' })).json();
      const restart = expect.stringMatching(new RegExp(`^${other.name} depends on web with restart: true`));
      const hostname = expect.stringContaining('its hostname deadbeef0123 is the id of an earlier container');
      expect(plan).toMatchObject({
        eligible: true,
        warnings: expect.arrayContaining([restart, hostname, expect.stringContaining('which the engine chose')]),
      });
      const { warnings, result } = await service.update(web.name);
      expect(result).toBe('updated');
      const { Config, NetworkSettings, Id } = await engine.docker.getContainer(web.name).inspect();
      expect(Config.Hostname).toBe(Id.slice(0, 12));
      const port = NetworkSettings.Ports['80/tcp']?.[0]?.HostPort ?? 'none';
      expect(warnings).toEqual(
        expect.arrayContaining([
          restart,
          hostname,
          expect.stringContaining(`80/tcp is published at ${port} now, and was at`),
        ]),
      );
    });
    await Promise.all([remove(web.name), remove(other.name)]);
  });

  it('is refused of what may write where the socket lies, and not of what reads there', async () => {
    const folder = mkdtempSync(join(dirname(engine.dockerHost.slice('unix://'.length)), 'shared-'));
    mkdirSync(join(folder, 'p'));
    const proxy = await EngineProxy.start(engine.dockerHost, join(folder, 'p', 'docker.sock'));
    const maker = await run({ HostConfig: { Binds: [`${folder}/p:/p`] } });
    const consumer = await run({ HostConfig: { Binds: [`${folder}/p:/p:ro`] } });
    await withService(`unix://${folder}/p/docker.sock`, async (service) => {
      expect(await service.update(maker.name)).toMatchObject({
        status: 'failed',
        error: { code: 'refused', stage: 'inspect', message: expect.stringContaining('may be the proxy that made it') },
      });
      expect((await engine.docker.getContainer(maker.name).inspect()).Id).toBe(maker.id);
      expect(await service.update(consumer.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    });
    proxy.stop();
    await Promise.all([remove(maker.name), remove(consumer.name)]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('is refused of what may be the proxy on the network that the service uses', async () => {
    const socket = engine.dockerHost.slice('unix://'.length);
    const relay = createServer((client) => {
      const upstream = connect(socket);
      client.pipe(upstream).pipe(client);
      for (const end of [client, upstream]) end.on('error', () => client.destroy());
    });
    await once(relay.listen(0, '127.0.0.1'), 'listening');
    const proxy = await run({ HostConfig: { NetworkMode: 'host', Binds: [`${socket}:/docker.sock`] } });
    const other = await run({ HostConfig: { NetworkMode: 'host' } });
    await withService(`tcp://127.0.0.1:${(relay.address() as AddressInfo).port}`, async (service) => {
      expect(await service.update(proxy.name)).toMatchObject({
        status: 'failed',
        error: { code: 'refused', stage: 'inspect', message: expect.stringContaining('through which this service') },
      });
      expect((await engine.docker.getContainer(proxy.name).inspect()).Id).toBe(proxy.id);
      const plan = await (await service.fetch(`/notify/${other.name}?dry_run=true`, { method: 'POST' })).json();
      expect(plan).toMatchObject({ eligible: true });
    });
    relay.close();
    await Promise.all([remove(proxy.name), remove(other.name)]);
  });
});
