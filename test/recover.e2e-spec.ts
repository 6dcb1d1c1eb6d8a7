import { expect, it } from '@jest/globals';
import { runApp, type App } from './support/fixtures/apps.js';
import { runCommand } from './support/runner/command.js';
import { EngineProxy, type Fate } from './support/engine/engine-proxy.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';

const recover = (settings: Record<string, string> = {}): ReturnType<typeof runCommand> =>
  runCommand(['recover'], { DOCKER_HOST: testEnvironment().dockerHost, ...settings });

describeOnEngine('the command recover', () => {
  /** A container whose update was cut off between the two renamings of the swap. */
  const cutOff = async (): Promise<App> => {
    const image = uniqueImage('recover');
    const app = await runApp(image, { version: 'v1' });
    const old12 = app.id.slice(0, 12);
    await docker.createContainer({
      name: `${app.name}-upd-new-${old12}`,
      Image: image,
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    const old = docker.getContainer(app.id);
    await old.stop();
    await old.rename({ name: `${app.name}-upd-old-${old12}` });
    return app;
  };
  const named = async (name: string): Promise<unknown[]> =>
    (await docker.listContainers({ all: true, filters: { name: [name] } })).map(({ Id, Names, State }) => [
      Id,
      Names.join(),
      State,
    ]);

  it('puts the old container back, itself, running and with its restart policy', async () => {
    const { name, id } = await cutOff();
    expect(await recover()).toMatchObject({ code: 0, output: expect.stringContaining(`${name} is in order again`) });
    expect(await named(name)).toEqual([[id, `/${name}`, 'running']]);
    expect((await docker.getContainer(id).inspect()).HostConfig.RestartPolicy?.Name).toBe('always');
    expect(await recover()).toMatchObject({ code: 0, output: expect.stringContaining('all containers are in order') });
    await docker.getContainer(id).remove({ force: true });
  });

  it('ends with 1, and says of which container, where a repair by hand is needed', async () => {
    const { name, id } = await cutOff();
    const theirs = await docker.createContainer({
      name,
      Image: (await docker.getContainer(id).inspect()).Config.Image,
    });
    expect(await recover()).toMatchObject({ code: 1, output: expect.stringContaining(name) });
    const left = await named(name);
    expect(left).toEqual(expect.arrayContaining([[theirs.id, `/${name}`, 'created']]));
    for (const entry of left) await docker.getContainer(String((entry as string[])[0])).remove({ force: true });
  });

  it('touches nothing while a service is at work on the engine: both containers of an update are where they were', async () => {
    const proxy = await EngineProxy.start(testEnvironment().dockerHost);
    const service = await Service.start({ DOCKER_HOST: proxy.dockerHost, SETTLE_TIME: '100ms' });
    try {
      await service.ready();
      const image = uniqueImage('busy');
      const app = await runApp(image, { version: 'v1' });
      await publish(docker, image, { version: 'v2' });
      let meanwhile: Promise<{ code: number; output: string }> | undefined;
      proxy.hooks = {
        before: async ({ path }): Promise<Fate> => {
          // The old container is parked, and the new one has no name yet: what a recovery would roll back.
          if (path.endsWith(`rename?name=${app.name}`)) await (meanwhile ??= recover({ ENGINE_WAIT: '300ms' }));
          return 'forward';
        },
      };
      expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await meanwhile).toMatchObject({
        code: 1,
        output: expect.stringContaining('another process of this service works on this engine'),
      });
      await docker.getContainer(app.name).remove({ force: true });
    } finally {
      await service.stop();
      proxy.stop();
    }
  });

  it('gives way to a container of the service, and says to which', async () => {
    const { name } = await cutOff();
    const before = await named(name);
    const Image = (await docker.getContainer(String((before[0] as string[])[0])).inspect()).Config.Image;
    const theService = await docker.createContainer({
      name: uniqueName('service'),
      Image,
      Labels: { 'org.opencontainers.image.title': 'trigger-docker-pull' },
      // As an operator would give it this engine.
      HostConfig: { Binds: [`${testEnvironment().dockerHost.slice('unix://'.length)}:/var/run/docker.sock`] },
    });
    await theService.start();
    const { Name } = await theService.inspect();
    expect(await recover()).toMatchObject({
      code: 1,
      output: expect.stringContaining(`${Name.slice(1)} of this service`),
    });
    expect(await named(name)).toEqual(before);
    await theService.remove({ force: true, v: true });
    expect(await recover()).toMatchObject({ code: 0 });
    await docker.getContainer(name).remove({ force: true });
  });
});
