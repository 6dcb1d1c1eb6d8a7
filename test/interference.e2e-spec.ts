import { expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { runApp, type App } from './support/apps.js';
import { describeOnEngine, docker, uniqueImage } from './support/environment.js';
import { publish } from './support/images.js';
import { proxiedService } from './support/proxied-service.js';

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

  it('and of which they take the name, is kept beside theirs, which is not overwritten', async () => {
    const app = await prepared();
    let theirs = '';
    interfereAfter(/\/rename\?name=.*-upd-old-/, async () => {
      theirs = (await docker.createContainer({ name: app.name, Image: app.image })).id;
    });
    const deployment = await rig.service.update(app.name);
    expect(deployment).toMatchObject({ status: 'failed', error: { code: 'rollback_failed' } });
    const kept = await containers(app.name);
    expect(kept.map(({ Id }) => Id)).toEqual(expect.arrayContaining([theirs, app.id]));
    expect(kept.find(({ Id }) => Id === theirs)?.Names).toEqual([`/${app.name}`]);
    // What people have to repair keeps nobody else waiting.
    await rig.service.ready();
    for (const { Id } of kept) await docker.getContainer(Id).remove({ force: true });
  });
});
