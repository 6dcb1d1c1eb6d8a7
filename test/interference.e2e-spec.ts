import { expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, uniqueImage } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { proxiedService } from './support/service/proxied-service.js';
import { until } from './support/runner/until.js';

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

  it.each<[string, (app: App) => Promise<unknown>]>([
    ['removed', ({ name }) => docker.getContainer(name).remove({ force: true })],
    ['stopped', ({ name }) => docker.getContainer(name).stop({ t: 0 })],
  ])(
    'and whose replacement is %s in its proof, is rolled back without blame for the image',
    async (change, interfere) => {
      const app = await prepared();
      let isFirst = true;
      interfereAfter(/\/start$/, () => {
        // Once the proof has seen it.
        if (isFirst) setTimeout(() => void interfere(app), 150);
        isFirst = false;
        return Promise.resolve();
      });
      expect(await rig.service.update(app.name)).toMatchObject({
        status: 'rolled_back',
        error: {
          code: 'container_changed',
          stage: 'prove',
          message: expect.stringContaining(`was ${change} by somebody`),
        },
      });
      expect(await versionAt(app.port)).toBe('v1');
      rig.proxy.reset();
      expect(await rig.service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
      await docker.getContainer(app.name).remove({ force: true });
    },
  );

  it('and whose replacement is pruned in the stop, is started again', async () => {
    const app = await prepared();
    interfereAfter(/\/stop$/, async () => {
      rig.proxy.reset();
      const [replacement] = await docker.listContainers({ all: true, filters: { name: [`${app.name}-upd-stop-`] } });
      await docker.getContainer(replacement?.Id ?? '').remove();
    });
    expect(await rig.service.update(app.name)).toMatchObject({
      status: 'rolled_back',
      error: { code: 'container_changed', stage: 'swap', message: expect.stringContaining('prune') },
    });
    expect(await versionAt(app.port)).toBe('v1');
    await docker.getContainer(app.name).remove({ force: true });
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

  const parkedOf = ({ id, name }: App): string => `${name}-upd-old-${id.slice(0, 12)}`;
  /** What they do instead of waiting for the update: `docker rm -f`, then `docker run` with the same name and image. */
  const recreate = async ({ name, image }: { name: string; image: string }): Promise<string> => {
    const made = (async () => {
      await docker.getContainer(name).remove({ force: true });
      const theirs = await docker.createContainer({ name, Image: image });
      await theirs.start();
      return theirs.id;
    })();
    // The service must not be quicker, and give the name back in between.
    rig.proxy.hooks = { before: () => made.then(() => 'forward') };
    return made;
  };
  const removeAll = async (name: string): Promise<void> => {
    for (const { Id } of await containers(name)) await docker.getContainer(Id).remove({ force: true });
  };
  /** The update is in its proof, which takes until the test is done with it. */
  const inProof = async (
    options: Docker.ContainerCreateOptions = {},
  ): Promise<App & { image: string; deployment: string }> => {
    const image = uniqueImage('contested');
    const settle = { 'trigger-docker-pull.settle': '5s' };
    const app = await runApp(image, { version: 'v1' }, { ...options, Labels: { ...settle, ...options.Labels } });
    await publish(docker, image, { version: 'v2' });
    const { id: deployment } = (await (await rig.service.notify(app.name)).json()) as { id: string };
    await until('the proof', 30_000, async () => {
      const { State, Id } = await docker.getContainer(app.name).inspect();
      return (Id !== app.id && State.Running) || undefined;
    });
    return { ...app, image, deployment };
  };

  it.each([
    ['stop-first', {}],
    [
      'start-first',
      {
        Labels: { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '5s' },
        HostConfig: { PortBindings: {} },
      },
    ],
  ])('and whose %s replacement they replace in its turn, is kept beside theirs', async (_, options) => {
    const app = await inProof(options);
    const theirs = await recreate(app);
    const { status, error } = await rig.service.settled(app.deployment);
    expect({ status, error }).toMatchObject({ status: 'failed', error: { code: 'rollback_failed' } });
    // The recovery that follows at once is over when the service works again.
    await rig.service.ready();
    const kept = (await containers(app.name)).map(({ Id, Names }) => [Id, Names.join()]).sort();
    expect(kept).toEqual(
      [
        [theirs, `/${app.name}`],
        [app.id, `/${parkedOf(app)}`],
      ].sort(),
    );
    const next = await rig.service.update(app.name);
    expect(next).toMatchObject({ status: 'failed', error: { code: 'refused', stage: 'recover' } });
    for (const part of [theirs.slice(0, 12), parkedOf(app), `docker rm -f ${parkedOf(app)}`])
      expect(next.error?.message).toContain(part);
    expect((await containers(app.name)).map(({ Id }) => Id).sort()).toEqual([theirs, app.id].sort());

    // They decide for the old one.
    await docker.getContainer(theirs).remove({ force: true });
    expect(await rig.service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    await removeAll(app.name);
  });

  it.each([
    ['runs', false],
    ['has ended', true],
  ])('and whose replacement they replace by one that %s after the service was killed, is kept', async (_, hasEnded) => {
    const app = await inProof();
    await rig.service.kill();
    const theirs = await recreate(app);
    if (hasEnded) await docker.getContainer(theirs).stop();
    await rig.service.restart();
    await rig.service.ready();
    const kept = (await containers(app.name)).map(({ Id, Names, State }) => [Id, Names.join(), State]).sort();
    expect(kept).toEqual(
      [
        [theirs, `/${app.name}`, hasEnded ? 'exited' : 'running'],
        [app.id, `/${parkedOf(app)}`, 'exited'],
      ].sort(),
    );
    expect(rig.service.output.join('\n')).toContain(`docker rm -f ${parkedOf(app)}`);
    await removeAll(app.name);
  });

  it.each([
    ['stop-first', {}],
    [
      'start-first',
      {
        Labels: { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '3s' },
        HostConfig: { PortBindings: {} },
      },
    ],
  ])('and whose %s replacement they rename, runs again; the replacement keeps their name', async (_, options) => {
    const app = await inProof(options);
    const replacement = (await docker.getContainer(app.name).inspect()).Id;
    await docker.getContainer(replacement).rename({ name: `${app.name}-mine` });
    const { status, error, warnings } = await rig.service.settled(app.deployment);
    expect({ status, error }).toMatchObject({ status: 'rolled_back', error: { code: 'container_changed' } });
    expect(error?.message).toContain(`${app.name}-mine`);
    expect(warnings?.join()).toContain(`${app.name}-mine`);
    const left = (await containers(app.name)).map(({ Id, Names, State }) => [Id, Names.join(), State]).sort();
    expect(left).toEqual(
      [
        [app.id, `/${app.name}`, 'running'],
        [replacement, `/${app.name}-mine`, 'exited'],
      ].sort(),
    );
    await removeAll(app.name);
  });

  it('and whose old container they rename in the proof, keeps it under their name', async () => {
    const app = await inProof();
    await docker.getContainer(app.id).rename({ name: `${app.name}-backup` });
    const { status, warnings } = await rig.service.settled(app.deployment);
    expect({ status, warnings }).toEqual({
      status: 'succeeded',
      warnings: [expect.stringContaining(`renamed the old container of ${app.name} to ${app.name}-backup`)],
    });
    expect((await docker.getContainer(app.id).inspect()).Name).toBe(`/${app.name}-backup`);
    await removeAll(app.name);
  });

  /** The old container takes its time to stop, and they are quicker. */
  const inStop = async (interfere: (app: App) => Promise<unknown>): Promise<App & { image: string }> => {
    const image = uniqueImage('contested');
    const app = await runApp(image, { version: 'v1' }, { Labels: { 'trigger-docker-pull.settle': '100ms' } });
    await publish(docker, image, { version: 'v2' });
    rig.proxy.hooks = {
      after: async ({ path }): Promise<'forward'> => {
        if (path.startsWith(`/containers/${app.id}/stop`)) await interfere(app);
        return 'forward';
      },
    };
    return { ...app, image };
  };

  it('and whose old container they remove in its stop, is updated with a warning', async () => {
    const app = await inStop(({ id }) => docker.getContainer(id).remove({ force: true }));
    expect(await rig.service.update(app.name)).toMatchObject({
      status: 'succeeded',
      result: 'updated',
      warnings: expect.arrayContaining([expect.stringContaining('somebody removed the old container')]),
    });
    expect(await versionAt(app.port)).toBe('v2');
    await removeAll(app.name);
  });

  it('and whose old container they rename in its stop, runs again under their name', async () => {
    const app = await inStop(({ id, name }) => docker.getContainer(id).rename({ name: `${name}-mine` }));
    const { status, error, warnings } = await rig.service.update(app.name);
    expect({ status, error }).toMatchObject({ status: 'rolled_back', error: { code: 'container_changed' } });
    expect(warnings?.join()).toContain(`renamed the container ${app.name} to ${app.name}-mine`);
    const left = (await containers(app.name)).map(({ Id, Names, State }) => [Id, Names.join(), State]);
    expect(left).toEqual([[app.id, `/${app.name}-mine`, 'running']]);
    await removeAll(app.name);
  });

  it('and whose old container they remove in the proof, is said to have the replacement alone', async () => {
    const image = uniqueImage('contested');
    const app = await runApp(image, { version: 'v1' }, { Labels: { 'trigger-docker-pull.settle': '30s' } });
    await publish(docker, image, { version: 'bad', cmd: ['/bin/sh', '-c', 'sleep 2; exit 1'] });
    interfereAfter(/^\/containers\/[0-9a-f]+\/start/, () => docker.getContainer(app.id).remove({ force: true }));
    const { error } = await rig.service.update(app.name);
    expect(error).toMatchObject({
      code: 'rollback_failed',
      message: expect.stringContaining(`only the replacement of ${app.name} is left, as ${app.name}`),
    });
    expect(error?.message).not.toContain('both containers');
    await removeAll(app.name);
  });
});
