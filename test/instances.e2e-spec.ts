// @extended
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

describeOnEngine('a second instance on the same engine', () => {
  const settings = { SETTLE_TIME: '100ms' };
  const services: Service[] = [];
  const start = async (): Promise<Service> => {
    const service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, ...settings });
    services.push(service);
    return service;
  };
  let first: Service;

  beforeAll(async () => {
    first = await start();
    await first.ready();
  });
  afterAll(async () => {
    for (const service of services) await service.stop();
  });

  it('is harmless as a process of the same host: the two take turns, and the later one finds the work done', async () => {
    const second = await start();
    await second.ready();
    const image = uniqueImage('shared');
    const slowToStop =
      'trap "/bin/busybox sleep 3; exit 0" TERM; /bin/busybox httpd -p 80 -h /www; while true; do /bin/busybox sleep 0.2; done';
    const app = await runApp(image, { version: 'v1', stopSignal: 'SIGTERM', cmd: ['/bin/sh', '-c', slowToStop] });
    await publish(docker, image, { version: 'v2' });
    const { id } = (await (await first.notify(app.name)).json()) as { id: string };
    await until('the swap', 30_000, async () => {
      const { stages } = await first.deployment(id);
      return stages.at(-1)?.stage === 'swap' || undefined;
    });
    expect(await second.update(app.name, 60_000)).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
    expect(second.logs.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('another process of this service works on this engine'),
    );
    expect(await first.settled(id)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');
    const all = await docker.listContainers({ all: true, filters: { name: [app.name] } });
    expect(all.flatMap(({ Names }) => Names)).toEqual([`/${app.name}`]);
  });

  it('gives way to a container of this service, which serves the same engine, for as long as that runs', async () => {
    const image = uniqueImage('elder');
    const labels = { 'org.opencontainers.image.title': 'trigger-docker-pull' };
    const name = uniqueName('elder');
    // What it is taken for by: its image's label, and the socket that it was given.
    const socket = testEnvironment().dockerHost.replace('unix://', '');
    const Binds = [`${socket}:/var/run/docker.sock`];
    const elder = await runApp(image, { version: 'v1', labels }, { name, HostConfig: { Binds } });
    const app = await runApp(uniqueImage('other'), { version: 'v1' });
    expect(await first.update(app.name)).toMatchObject({
      status: 'failed',
      error: { code: 'another_instance', message: expect.stringContaining(`${name} of this service was there first`) },
    });
    const second = await start();
    await until(
      'the notice',
      30_000,
      () => second.logs.some(({ message }) => message.includes(`${name} of this service was there first`)) || undefined,
    );
    expect((await second.fetch('/health/ready')).status).toBe(503);
    await docker.getContainer(elder.id).remove({ force: true });
    await second.ready(60_000);
    expect(await first.update(app.name)).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
  }, 180_000);
});
