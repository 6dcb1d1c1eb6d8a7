import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { pull, runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { itExtended } from './support/runner/extent.js';
import { publish } from './support/fixtures/images.js';
import { runInside } from './support/runner/run-inside.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const sleep = ['/bin/busybox', 'sleep', '1000'];
const bad = { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 3'] };

describeOnEngine('containers that depend on the updated one', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, SETTLE_TIME: '100ms' });
    await service.ready();
  });
  afterAll(() => service.stop());

  const inspect = (name: string): Promise<Docker.ContainerInspectInfo> => docker.getContainer(name).inspect();

  /** From the same tag as the target, which is about to move: it has to stay on the image that it runs. */
  const beside = async (
    image: string,
    HostConfig: Docker.HostConfig,
    options: Docker.ContainerCreateOptions = {},
  ): Promise<{ name: string; id: string }> => {
    const name = uniqueName('dependent');
    const container = await docker.createContainer({ Cmd: sleep, ...options, name, Image: image, HostConfig });
    await container.start();
    return { name, id: container.id };
  };
  const target = async (
    options: Docker.ContainerCreateOptions = {},
  ): Promise<{ image: string; app: App; imageId: string }> => {
    const image = uniqueImage('donor');
    const app = await runApp(image, { version: 'v1' }, options);
    return { image, app, imageId: (await inspect(app.name)).Image };
  };
  const reaches = (name: string): Promise<string> =>
    until('an answer over the shared network', 5000, () => runInside(name, 'wget', '-qO-', 'http://127.0.0.1/'));
  const namespaceOf = (name: string, kind: string): Promise<string> =>
    runInside(name, 'readlink', `/proc/1/ns/${kind}`);
  const leftovers = async (): Promise<string[]> =>
    (await docker.listContainers({ all: true, filters: { name: ['-upd-'] } })).map(({ Names }) => Names.join());

  it('containrrr/watchtower#1013, passteque/gluetun#1587: follow it: network, IPC and process namespaces, through one another, each on its own image', async () => {
    const { image, app, imageId } = await target({ HostConfig: { IpcMode: 'shareable' } });
    const onNetwork = await beside(image, { NetworkMode: `container:${app.id}` }, { Env: ['SET_BY=user'] });
    const onIpc = await beside(image, { IpcMode: `container:${app.name}` });
    const onPid = await beside(image, { PidMode: `container:${onNetwork.id}`, IpcMode: `container:${onIpc.id}` });
    await publish(docker, image, { version: 'v2' });

    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');
    const [donor, network, ipc, pid] = await Promise.all(
      [app, onNetwork, onIpc, onPid].map(({ name }) => inspect(name)),
    );
    expect(network).toMatchObject({ Image: imageId, HostConfig: { NetworkMode: `container:${donor?.Id}` } });
    expect(network?.Config).toMatchObject({ Image: image, Env: expect.arrayContaining(['SET_BY=user']) });
    expect(ipc).toMatchObject({ Image: imageId, HostConfig: { IpcMode: `container:${donor?.Id}` } });
    expect(pid?.HostConfig).toMatchObject({
      PidMode: `container:${network?.Id}`,
      IpcMode: `container:${ipc?.Id}`,
    });
    // Not by their configuration alone: they are in the namespaces of those that run now.
    expect(await reaches(onNetwork.name)).toBe('v2');
    expect(await namespaceOf(onIpc.name, 'ipc')).toBe(await namespaceOf(app.name, 'ipc'));
    expect(await runInside(onPid.name, 'ps')).toContain('sleep 1000');
    expect(deployment.dependents).toEqual(
      expect.arrayContaining([
        { name: onNetwork.name, fromContainerId: onNetwork.id, containerId: network?.Id },
        { name: onIpc.name, fromContainerId: onIpc.id, containerId: ipc?.Id },
        { name: onPid.name, fromContainerId: onPid.id, containerId: pid?.Id },
      ]),
    );
    expect(deployment.dependents?.at(-1)?.name).toBe(onPid.name);
    // The tag was lent to the image that the dependents run, and is back where the pull had put it.
    expect((await docker.getImage(image).inspect()).Id).toBe(deployment.toImageId);
    expect(await leftovers()).toEqual([]);
  });

  it('amayer1983/docksentry#27: go back with it, themselves, and have their network again', async () => {
    const { image, app } = await target();
    const first = await beside(image, { NetworkMode: `container:${app.id}`, RestartPolicy: { Name: 'always' } });
    const second = await beside(image, { PidMode: `container:${first.id}` });
    const stopped = await beside(image, { NetworkMode: `container:${app.id}` });
    await docker.getContainer(stopped.id).stop();
    await publish(docker, image, bad);
    expect(await service.update(app.name)).toMatchObject({
      status: 'rolled_back',
      error: { code: 'exited', exitCode: 3 },
      dependents: expect.arrayContaining([{ name: first.name, fromContainerId: first.id, containerId: first.id }]),
    });
    expect(await versionAt(app.port)).toBe('v1');
    expect(await reaches(first.name)).toBe('v1');
    expect(await runInside(second.name, 'ps')).toContain('sleep 1000');
    const states = await Promise.all([app, first, second, stopped].map(({ name }) => inspect(name)));
    expect(states.map(({ Id, State, HostConfig }) => [Id, State.Running, HostConfig.RestartPolicy?.Name])).toEqual([
      [app.id, true, ''],
      [first.id, true, 'always'],
      [second.id, true, ''],
      [stopped.id, false, ''],
    ]);
    expect(await leftovers()).toEqual([]);
  });

  itExtended(
    'that were stopped are recreated and left stopped; one that does not start again takes the update back',
    async () => {
      const { image, app } = await target();
      const stopped = await beside(image, { NetworkMode: `container:${app.id}` });
      await docker.getContainer(stopped.id).stop();
      await publish(docker, image, { version: 'v2' });
      expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
      const after = await inspect(stopped.name);
      expect(after.State.Status).toBe('created');
      expect(after.HostConfig.NetworkMode).toBe(`container:${(await inspect(app.name)).Id}`);

      // Once its volume is in use it runs only where it has run before: in the old container.
      const script =
        '[ -e /data/used ] && [ ! -e /mine ] && exit 1; /bin/busybox touch /mine /data/used; /bin/busybox sleep 1000';
      const donor = (await inspect(app.name)).Id;
      const picky = await beside(
        image,
        { NetworkMode: `container:${donor}`, Binds: [`${uniqueName('used')}:/data`] },
        { Cmd: ['/bin/sh', '-c', script] },
      );
      await publish(docker, image, { version: 'v3' });
      const deployment = await service.update(app.name);
      expect(deployment).toMatchObject({ status: 'rolled_back', error: { code: 'exited', stage: 'prove' } });
      expect((await inspect(app.name)).Id).toBe(donor);
      expect(await reaches(picky.name)).toBe('v2');
    },
  );

  it('that fall into a crash loop beside the new one take the update back, and the record tells which, and what it said', async () => {
    const { image, app } = await target();
    const script = [
      'until version=$(/bin/busybox wget -qO- http://127.0.0.1/); do /bin/busybox sleep 0.1; done',
      '[ "$version" = v1 ] || { echo "not made for $version"; exit 7; }',
      'exec /bin/busybox sleep 1000',
    ];
    const { name, id } = await beside(
      image,
      { NetworkMode: `container:${app.id}`, RestartPolicy: { Name: 'always' } },
      { Cmd: ['/bin/sh', '-c', script.join('; ')], Labels: { 'trigger-docker-pull.settle': '5s' } },
    );
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(app.name)).toMatchObject({
      status: 'rolled_back',
      error: {
        code: 'restarting',
        stage: 'prove',
        message: expect.stringContaining(`${name}, which depends on ${app.name}: `),
        exitCode: 7,
        logTail: expect.arrayContaining(['not made for v2']),
      },
    });
    const after = await inspect(name);
    expect([after.Id, after.State.Running, after.HostConfig.RestartPolicy?.Name]).toEqual([id, true, 'always']);
    expect(await reaches(name)).toBe('v1');
    expect(await leftovers()).toEqual([]);
  });

  itExtended('by a legacy link reach the new container by their alias, and the old one after a rollback', async () => {
    const { image, app } = await target();
    const parent = await beside(image, { Links: [`${app.name}:backend`] });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(app.name)).toMatchObject({ result: 'updated', dependents: [{ name: parent.name }] });
    const answer = (): Promise<string> =>
      until('an answer by the alias', 5000, () => runInside(parent.name, 'wget', '-qO-', 'http://backend/'));
    expect(await answer()).toBe('v2');
    expect((await inspect(parent.name)).HostConfig.Links).toEqual([`/${app.name}:/${parent.name}/backend`]);
    await publish(docker, image, bad);
    expect(await service.update(app.name)).toMatchObject({ status: 'rolled_back' });
    expect(await answer()).toBe('v2');
    expect(await leftovers()).toEqual([]);
  });

  it('that must not be touched keep it from being updated, before anything is pulled', async () => {
    const { image, app } = await target();
    const labels = { 'trigger-docker-pull.enable': 'false' };
    const { name } = await beside(image, { NetworkMode: `container:${app.id}` }, { Labels: labels });
    await publish(docker, image, { version: 'v2' });
    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({ status: 'failed', error: { code: 'refused', stage: 'inspect' } });
    expect(deployment.error?.message).toContain(`${name} depends on ${app.name}`);
    expect((await inspect(app.name)).Id).toBe(app.id);
  });

  itExtended('may be updated themselves, beside the container that they depend on', async () => {
    const { app } = await target();
    const own = uniqueImage('sidecar');
    await publish(docker, own, { version: 's1' });
    await pull(own);
    const sidecar = await beside(own, { NetworkMode: `container:${app.id}` });
    await publish(docker, own, { version: 's2' });
    expect(await service.update(sidecar.name)).toMatchObject({ result: 'updated' });
    expect((await inspect(app.name)).Id).toBe(app.id);
    expect(await reaches(sidecar.name)).toBe('v1');
  });
});
