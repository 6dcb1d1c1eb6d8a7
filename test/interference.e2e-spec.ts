import { expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, uniqueImage } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { proxiedService } from './support/service/proxied-service.js';

describeOnEngine('a container that somebody else changes during its update', () => {
  const rig = proxiedService();

  const containers = async (name: string): Promise<Docker.ContainerInfo[]> =>
    docker.listContainers({ all: true, filters: { name: [name] } });
  const interfereAfter = (path: RegExp, interfere: () => Promise<unknown>): void => {
    rig.proxy.hooks = {
      after: async (call): Promise<'forward'> => {
        if (path.test(call.path)) await interfere();
        return 'forward';
      },
    };
  };
  const prepared = async (): Promise<App & { image: string }> => {
    const image = uniqueImage('contested');
    const app = await runApp(image, { version: 'v1' });
    await docker.getContainer(app.id).update({ RestartPolicy: { Name: 'always' } });
    await publish(docker, image, { version: 'v2' });
    return { ...app, image };
  };

  it.each([
    ['removed', ({ id }: App) => docker.getContainer(id).remove({ force: true }), () => []],
    [
      'renamed',
      ({ id, name }: App) => docker.getContainer(id).rename({ name: `${name}-mine` }),
      ({ id, name }: App) => [[id, `/${name}-mine`, 'running']],
    ],
    ['stopped', ({ id }: App) => docker.getContainer(id).stop(), ({ id, name }: App) => [[id, `/${name}`, 'exited']]],
  ])('and that was %s, is left as they left it', async (change, interfere, left) => {
    const app = await prepared();
    interfereAfter(/^\/containers\/create/, () => interfere(app));
    expect(await rig.service.update(app.name)).toMatchObject({
      status: 'failed',
      error: { code: 'container_changed', message: expect.stringContaining(change) },
    });
    expect((await containers(app.name)).map(({ Id, Names, State }) => [Id, Names.join(), State])).toEqual(left(app));
  });

  it.each([
    ['does not run', false],
    ['runs', true],
  ])(
    'and whose name they give to one that %s, serves under its parked name until the name is free',
    async (_, runs) => {
      const app = await prepared();
      let theirs = '';
      interfereAfter(/\/rename\?name=.*-upd-old-/, async () => {
        const container = await docker.createContainer({ name: app.name, Image: app.image });
        theirs = container.id;
        if (runs) await container.start();
      });
      const parked = `${app.name}-upd-old-${app.id.slice(0, 12)}`;
      expect(await rig.service.update(app.name)).toMatchObject({
        status: 'failed',
        error: { code: 'rollback_failed', message: expect.stringContaining(`runs again, but as ${parked}`) },
      });
      rig.proxy.reset();
      expect(await versionAt(app.port)).toBe('v1');
      expect((await docker.getContainer(theirs).inspect()).Name).toBe(`/${app.name}`);
      const { State, HostConfig, ...old } = await docker.getContainer(app.id).inspect();
      expect([old.Name, State.Running, HostConfig.RestartPolicy?.Name]).toEqual([`/${parked}`, true, 'always']);
      // What people have to repair keeps nobody else waiting.
      await rig.service.ready();

      await docker.getContainer(theirs).remove({ force: true });
      expect(await rig.service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
      expect(await versionAt(app.port)).toBe('v2');
      expect((await containers(app.name)).map(({ Names, State: state }) => [Names.join(), state])).toEqual([
        [`/${app.name}`, 'running'],
      ]);
      await docker.getContainer(app.name).remove({ force: true });
    },
  );
});
