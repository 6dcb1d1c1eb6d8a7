import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Deployment } from '../src/deployments/deployment.js';
import type { UpdatePlan } from '../src/docker/plan/plan.js';
import { describeOnEachEngine, docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { runInside } from './support/runner/run-inside.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const bad: AppImage = { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 3'] };
const sleep = ['/bin/busybox', 'sleep', '1000'];

interface App extends Docker.Container {
  name: string;
  image: string;
}

describeOnEachEngine('what could not be started again', (engine) => {
  let service: Service;
  let ownerImage: string;
  /** On the machine of the engine, under the same path here. */
  let folder: string;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '300ms' });
    await service.ready();
    ownerImage = uniqueImage('owner');
    await publish(docker, ownerImage, { version: 'owner' });
    await pullImage(engine.docker, ownerImage);
    folder = mkdtempSync(join(dirname(engine.dockerHost.slice('unix://'.length)), 'startable-'));
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (image: string, options: Docker.ContainerCreateOptions): Promise<App> => {
    const name = options.name ?? uniqueName('startable');
    const container = await engine.docker.createContainer({ ...options, name, Image: image });
    await container.start();
    return Object.assign(container, { name, image });
  };
  const runOwner = (name = uniqueName('vpn'), options: Docker.ContainerCreateOptions = {}): Promise<App> =>
    run(ownerImage, { name, ...options });
  const runApp = async (options: Docker.ContainerCreateOptions = {}): Promise<App> => {
    const image = uniqueImage('startable');
    await publish(docker, image, { version: 'v1', cmd: sleep });
    await pullImage(engine.docker, image);
    return run(image, options);
  };
  const planOf = async ({ name }: App): Promise<UpdatePlan> =>
    (await (await service.fetch(`/notify/${name}?dry_run=true`, { method: 'POST' })).json()) as UpdatePlan;
  const inspect = ({ name }: App): Promise<Docker.ContainerInspectInfo> => engine.docker.getContainer(name).inspect();
  const remove = (...apps: App[]): Promise<unknown> =>
    Promise.all(apps.map(({ name }) => engine.docker.getContainer(name).remove({ force: true, v: true })));
  const recreated = async (owner: App, options: Docker.ContainerCreateOptions = {}): Promise<App> => {
    await owner.remove({ force: true });
    return runOwner(owner.name, options);
  };

  const expectRefusal = async (app: App, reason: RegExp): Promise<Deployment> => {
    const before = await inspect(app);
    await publish(docker, app.image, { version: uniqueName('next'), cmd: sleep });
    const plan = await planOf(app);
    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({
      status: 'failed',
      error: { code: 'refused', stage: 'prepare', message: expect.stringMatching(reason) },
    });
    expect(plan).toMatchObject({ eligible: false, refusal: { message: deployment.error?.message } });
    const after = await inspect(app);
    expect([after.Id, after.State.StartedAt, after.HostConfig.RestartPolicy]).toEqual([
      before.Id,
      before.State.StartedAt,
      before.HostConfig.RestartPolicy,
    ]);
    return deployment;
  };

  it('joins the network of the container that has the name of the dead owner, once it is proved beside the old one', async () => {
    const dead = await runOwner();
    const app = await runApp({
      HostConfig: { NetworkMode: `container:${dead.name}`, RestartPolicy: { Name: 'always' } },
    });
    const owner = await recreated(dead);
    await publish(docker, app.image, bad);
    expect(await planOf(app)).toMatchObject({ eligible: true, order: 'start-first' });
    expect(await service.update(app.name)).toMatchObject({ status: 'rolled_back', error: { code: 'restarting' } });
    expect(await inspect(app)).toMatchObject({ Id: app.id, State: { Running: true, Restarting: false } });

    await publish(docker, app.image, { version: 'v2', cmd: sleep });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    const after = await inspect(app);
    expect(after).toMatchObject({
      State: { Running: true },
      HostConfig: { NetworkMode: `container:${owner.id}`, RestartPolicy: { Name: 'always' } },
    });
    const answer = await until('an answer over the shared network', 5000, () =>
      runInside(engine.docker.getContainer(app.name), 'wget', '-qO-', 'http://127.0.0.1/'),
    );
    expect(answer).toBe('owner');
    await remove(app, owner);
  }, 120_000);

  it('joins the IPC namespace of the owner that follows the dead one', async () => {
    const dead = await runOwner(undefined, { HostConfig: { IpcMode: 'shareable' } });
    const app = await runApp({ HostConfig: { IpcMode: `container:${dead.name}` } });
    const owner = await recreated(dead, { HostConfig: { IpcMode: 'shareable' } });
    await publish(docker, app.image, { version: 'v2', cmd: sleep });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await inspect(app)).toMatchObject({
      State: { Running: true },
      HostConfig: { IpcMode: `container:${owner.id}` },
    });
    await remove(app, owner);
  });

  it('leaves a stopped one stopped, joined to the new owner', async () => {
    const dead = await runOwner();
    const app = await runApp({
      HostConfig: { NetworkMode: `container:${dead.name}`, Binds: [`${uniqueName('v')}:/v`] },
    });
    await app.stop({ t: 0 });
    const owner = await recreated(dead);
    await publish(docker, app.image, { version: 'v2', cmd: sleep });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await inspect(app)).toMatchObject({
      State: { Running: false },
      HostConfig: { NetworkMode: `container:${owner.id}` },
    });
    await remove(app, owner);
  });

  it('leaves a stopped one stopped whose owner is gone for good, and says what to do', async () => {
    const dead = await runOwner();
    const app = await runApp({ HostConfig: { NetworkMode: `container:${dead.name}` } });
    await app.stop({ t: 0 });
    await dead.remove({ force: true });
    const warnings = [
      expect.stringMatching(/and could not be started: the container \S+, whose network it shares, is gone/),
    ];
    expect(await planOf(app)).toMatchObject({ eligible: true, warnings });
    expect(await service.update(app.name)).toMatchObject({ result: 'up_to_date', running: false, warnings });
    await publish(docker, app.image, { version: 'v2', cmd: sleep });
    expect(await service.update(app.name)).toMatchObject({ result: 'updated', running: false, warnings });
    await remove(app);
  });

  it.each([
    ['IPC namespace', 'IpcMode'],
    ['process namespace', 'PidMode'],
  ])('refuses a stopped one whose owner of its %s is gone, with a new image or without', async (_, mode) => {
    const dead = await runOwner(undefined, { HostConfig: { IpcMode: 'shareable' } });
    const app = await runApp({ HostConfig: { [mode]: `container:${dead.name}` } });
    await app.stop({ t: 0 });
    await dead.remove({ force: true });
    const plan = await planOf(app);
    const { error } = await service.update(app.name);
    expect(error).toMatchObject({ code: 'refused', stage: 'prepare' });
    expect(plan).toMatchObject({ eligible: false, refusal: { message: error?.message } });
    await expectRefusal(app, /is gone, and which one took its place is not certain; recreate/);
    await remove(app);
  });

  it('does not advise the start of a stopped one whose network is gone', async () => {
    const Name = uniqueName('gone');
    const network = await engine.docker.createNetwork({ Name });
    const app = await runApp({ HostConfig: { NetworkMode: Name } });
    await app.stop({ t: 0 });
    await network.remove();
    const warnings = [expect.stringMatching(new RegExp(`its network ${Name} is gone; create the network`))];
    expect(await planOf(app)).toMatchObject({ eligible: true, warnings });
    expect(await service.update(app.name)).toMatchObject({ result: 'up_to_date', running: false, warnings });
    await remove(app);
  });

  it.each([
    ['network', 'NetworkMode'],
    ['IPC namespace', 'IpcMode'],
    ['process namespace', 'PidMode'],
  ])('is left alone where nobody took the place of the owner of its %s', async (_, mode) => {
    const dead = await runOwner(undefined, { HostConfig: { IpcMode: 'shareable' } });
    const app = await runApp({ HostConfig: { [mode]: `container:${dead.name}` } });
    await dead.remove({ force: true });
    await expectRefusal(app, /is gone, and which one took its place is not certain; recreate/);
    await remove(app);
  });

  it('is left alone where it could not run beside its replacement', async () => {
    const dead = await runOwner();
    const app = await runApp({
      HostConfig: { NetworkMode: `container:${dead.name}`, Binds: [`${uniqueName('v')}:/v`] },
    });
    const owner = await recreated(dead);
    await expectRefusal(app, /both would write to \/v; .*recreate the container/);
    await remove(app, owner);
  });

  it.each([
    ['its network', 'NetworkMode'],
    ['its IPC namespace', 'IpcMode'],
  ])('is left alone while the owner of %s does not run', async (_, mode) => {
    const owner = await runOwner(undefined, { HostConfig: { IpcMode: 'shareable' } });
    const app = await runApp({ HostConfig: { [mode]: `container:${owner.name}` } });
    await owner.stop({ t: 0 });
    await expectRefusal(app, new RegExp(`${owner.name}, .* does not run; start ${owner.name} first`));
    await remove(app, owner);
  });

  it('keeps its owner from an update too, while that does not run and it does', async () => {
    const image = uniqueImage('owner');
    await publish(docker, image, { version: 'v1' });
    await pullImage(engine.docker, image);
    const owner = await run(image, {});
    const app = await runApp({ HostConfig: { NetworkMode: `container:${owner.name}` } });
    await owner.stop({ t: 0 });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(owner.name)).toMatchObject({
      status: 'failed',
      error: { code: 'refused', message: expect.stringContaining(`start ${owner.name} first`) },
    });
    expect(await inspect(app)).toMatchObject({ Id: app.id, State: { Running: true } });
    await remove(app, owner);
  });

  it('is left alone with a legacy link to a container that is gone, or was made anew', async () => {
    const parent = await runOwner();
    const app = await runApp({ HostConfig: { Links: [`${parent.name}:db`] } });
    await parent.remove({ force: true });
    await expectRefusal(app, /has a legacy link to, is gone/);
    const anew = await runOwner(parent.name);
    await expectRefusal(app, /leads to an earlier container/);
    await remove(app, anew);
  });

  it('is left alone where its network mode names a network that it has left and that is gone', async () => {
    const [own, other] = [uniqueName('own'), uniqueName('other')];
    const networks = await Promise.all([own, other].map((Name) => engine.docker.createNetwork({ Name })));
    const app = await runApp({ HostConfig: { NetworkMode: own } });
    await networks[1]?.connect({ Container: app.id });
    await networks[0]?.disconnect({ Container: app.id });
    await networks[0]?.remove();
    await expectRefusal(app, new RegExp(`its network ${own} is gone`));
    await remove(app);
    await networks[1]?.remove();
  });

  it('is left alone where a file or folder that it mounts is gone from the host, or a device', async () => {
    const path = (name: string): string => join(folder, name);
    for (const name of ['file', 'mounted']) writeFileSync(path(name), 'x');
    const app = await runApp({
      HostConfig: {
        Binds: [`${path('file')}:/app.conf:ro`],
        Mounts: [{ Type: 'bind', Source: path('mounted'), Target: '/mounted' }],
      },
    });
    await publish(docker, app.image, { version: 'v2', cmd: sleep });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    rmSync(path('mounted'));
    await expectRefusal(app, /no longer has \S+mounted, which it mounts or uses as a device/);
    writeFileSync(path('mounted'), 'x');
    rmSync(path('file'));
    await expectRefusal(app, /no longer has \S+file, which/);
    await remove(app);

    execFileSync('mknod', [path('device'), 'c', '1', '3']);
    const device = { PathOnHost: path('device'), PathInContainer: '/dev/own', CgroupPermissions: 'rw' };
    const withDevice = await runApp({ HostConfig: { Devices: [device] } });
    rmSync(path('device'));
    await expectRefusal(withDevice, /no longer has \S+device, which/);
    await remove(withDevice);
  });

  it('is updated where networking is disabled in it', async () => {
    const app = await runApp({ NetworkDisabled: true });
    await publish(docker, app.image, { version: 'v2', cmd: sleep });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    const { Config, NetworkSettings, State } = await inspect(app);
    expect([Config, State.Running]).toMatchObject([{ NetworkDisabled: true }, true]);
    expect(NetworkSettings.Networks).toEqual({});
    await remove(app);
  });
});
