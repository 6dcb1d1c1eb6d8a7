import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { pull } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { itExtended } from './support/runner/extent.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';

/** A database as far as it matters here: it refuses data of a version above its own, and migrates older data. */
const database = (version: number, then: string): AppImage => ({
  version: String(version),
  cmd: [
    '/bin/sh',
    '-c',
    `found=$(/bin/busybox cat /data/version || echo ${version}); [ "$found" -le ${version} ] || { echo "data is of version $found"; exit 9; }; echo ${version} > /data/version; ${then}`,
  ],
});
const serve = 'exec /bin/busybox sleep 1000';
const migratesAndFails = 'echo migrated, then failed; exit 8';

describeOnEngine('a new version that migrates the data and then fails', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, SETTLE_TIME: '500ms' });
    await service.ready();
  });
  afterAll(() => service.stop());

  const run = async (Labels: Record<string, string>): Promise<{ name: string; id: string; image: string }> => {
    const image = uniqueImage('database');
    await publish(docker, image, database(1, serve));
    await pull(image);
    const name = uniqueName('database');
    const HostConfig = { Binds: [`${name}-data:/data`], RestartPolicy: { Name: 'always' } };
    const container = await docker.createContainer({ name, Image: image, Labels, HostConfig });
    await container.start();
    return { name, id: container.id, image };
  };
  const containers = async (name: string): Promise<Docker.ContainerInspectInfo[]> => {
    const found = await docker.listContainers({ all: true, filters: { name: [name] } });
    return Promise.all(found.map(({ Id }) => docker.getContainer(Id).inspect()));
  };
  const removeAll = async (name: string): Promise<void> => {
    // The service tries to put right what is left: it may be faster.
    for (const { Id } of await docker.listContainers({ all: true, filters: { name: [name] } }))
      await docker
        .getContainer(Id)
        .remove({ force: true })
        .catch((error: unknown) => {
          if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        });
  };

  it('is a rollback_failed: the old one refuses the data, both are kept, and everybody is told', async () => {
    const { name, id, image } = await run({});
    await publish(docker, image, database(2, migratesAndFails));
    const deployment = await service.update(name);
    expect(deployment).toMatchObject({
      status: 'failed',
      error: {
        code: 'rollback_failed',
        stage: 'rollback',
        message: expect.stringContaining('both containers are kept'),
        logTail: expect.arrayContaining(['migrated, then failed']),
      },
    });
    const expectBoth = async (): Promise<void> => {
      expect((await containers(name)).map(({ Name }) => Name).sort()).toEqual([
        `/${name}`,
        `/${name}-upd-new-${id.slice(0, 12)}`,
      ]);
    };
    await expectBoth();
    // The service tries it once more at once. That the old one restarts again and again is no sign that it always did.
    await service.logged(({ message }) => message.includes(`${name} needs a repair by hand`));
    await expectBoth();
    expect(service.logs.some(({ level, message }) => level === 'error' && message.includes(name))).toBe(true);
    await removeAll(name);
  });

  it('is left stopped where its label on-failure=stop asks for it: nothing starts the old one on the new data', async () => {
    const { name, id, image } = await run({ 'trigger-docker-pull.on-failure': 'stop' });
    await publish(docker, image, database(2, migratesAndFails));
    const deployment = await service.update(name);
    expect(deployment).toMatchObject({
      status: 'failed',
      error: { code: 'kept_stopped', exitCode: 8, message: expect.stringContaining('restart policy was always') },
    });
    const kept = `${name}-upd-kept-${id.slice(0, 12)}`;
    const expectKept = async (): Promise<void> => {
      const found = await containers(name);
      const facts = found.map(({ Id, Name, State, HostConfig }) => [
        ...[Id === id ? 'old' : 'new', Name, State.Running, HostConfig.RestartPolicy?.Name],
      ]);
      expect(facts.sort()).toEqual([
        ['new', `/${name}`, false, 'no'],
        ['old', `/${kept}`, false, 'no'],
      ]);
    };
    await expectKept();
    // A restart of the service leaves them alone, and the next notify waits for people, who may as well be late.
    await service.stop();
    await service.restart();
    await service.ready();
    await expectKept();
    expect(await service.update(name)).toMatchObject({
      status: 'failed',
      error: { code: 'refused', message: expect.stringContaining(kept) },
    });
    // The way on, as docs/operating.md has it.
    await publish(docker, image, database(3, serve));
    await docker.getContainer(kept).remove();
    await docker.getContainer(name).update({ RestartPolicy: { Name: 'always' } });
    expect(await service.update(name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    await removeAll(name);
  }, 60_000);

  itExtended(
    'is left stopped together with those that depend on it: nothing starts one of them without the other',
    async () => {
      const { name, id, image } = await run({ 'trigger-docker-pull.on-failure': 'stop' });
      const dependent = await docker.createContainer({
        name: `${name}-dependent`,
        Image: image,
        Cmd: ['/bin/busybox', 'sleep', '1000'],
        HostConfig: { NetworkMode: `container:${id}`, RestartPolicy: { Name: 'unless-stopped' } },
      });
      await dependent.start();
      await publish(docker, image, database(2, migratesAndFails));
      expect(await service.update(name)).toMatchObject({
        status: 'failed',
        error: { code: 'kept_stopped', exitCode: 8 },
      });
      const facts = (await containers(name)).map(({ Id, Name, State, HostConfig }) => [
        ...[Name, [id, dependent.id].includes(Id) ? 'old' : 'new', State.Running, HostConfig.RestartPolicy?.Name],
      ]);
      const keptDependent = `${name}-dependent-upd-kept-${dependent.id.slice(0, 12)}`;
      expect(facts.sort()).toEqual([
        [`/${name}`, 'new', false, 'no'],
        [`/${name}-dependent`, 'new', false, 'no'],
        [`/${keptDependent}`, 'old', false, 'unless-stopped'],
        [`/${name}-upd-kept-${id.slice(0, 12)}`, 'old', false, 'no'],
      ]);
      expect(await service.update(`${name}-dependent`)).toMatchObject({
        status: 'failed',
        error: { code: 'refused', message: expect.stringContaining(keptDependent) },
      });
      await removeAll(name);
    },
  );

  itExtended('goes back all the same where it never ran, and so touched nothing', async () => {
    const { name, id, image } = await run({ 'trigger-docker-pull.on-failure': 'stop' });
    await publish(docker, image, { version: '2', entrypoint: ['/missing'] });
    expect(await service.update(name)).toMatchObject({ status: 'rolled_back', error: { code: 'start_failed' } });
    const [only] = await containers(name);
    expect(only).toMatchObject({ Id: id, State: { Running: true }, HostConfig: { RestartPolicy: { Name: 'always' } } });
    await removeAll(name);
  });
});
