import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Deployment } from '../src/deployments/deployment.js';
import { runApp, pull, versionAt } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, pushImage } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const stagesOfAnUpdate = ['recover', 'inspect', 'pull', 'prepare', 'swap', 'prove', 'commit'];

describeOnEngine('an update', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost });
    await service.ready();
  });
  afterAll(() => service.stop());

  const inspect = (name: string): Promise<Docker.ContainerInspectInfo> => docker.getContainer(name).inspect();
  const leftovers = async (name: string): Promise<string[]> =>
    (await docker.listContainers({ all: true, filters: { name: [`${name}-upd-`] } })).map(({ Names }) => Names.join());
  /** The invariant of every update that failed: the same container, not a copy, serves what it served. */
  const expectUntouched = async ({ name, id, port }: { name: string; id: string; port: number }): Promise<void> => {
    const after = await inspect(name);
    expect(after.Id).toBe(id);
    expect(after.State.Running).toBe(true);
    expect(await versionAt(port)).toBe('v1');
    expect(await leftovers(name)).toEqual([]);
  };

  it('S1, S2, S17: pulls the reference that the container is configured with and, where it changed, recreates it with its own configuration', async () => {
    const image = uniqueImage('web');
    const labels = { 'example.team': 'web' };
    const app = await runApp(
      image,
      { version: 'v1' },
      { Env: ['GREETING=hello'], Labels: labels, Hostname: 'web-host', HostConfig: {} },
    );
    await publish(docker, image, { version: 'v2' });
    const before = await inspect(app.name);
    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({
      container: app.name,
      status: 'succeeded',
      result: 'updated',
      image,
      fromImageId: before.Image,
    });
    expect(deployment.downtimeMs).toBeGreaterThan(0);
    expect(deployment.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(deployment.stages.map(({ stage }) => stage)).toEqual(stagesOfAnUpdate);
    const after = await inspect(app.name);
    expect(after.Id).not.toBe(app.id);
    expect(deployment).toMatchObject({ containerId: after.Id, toImageId: after.Image });
    expect(after.State.Running).toBe(true);
    expect(after.Config).toMatchObject({
      Image: image,
      Hostname: 'web-host',
      Labels: labels,
      Env: expect.arrayContaining(['GREETING=hello']),
    });
    expect(after.HostConfig).toEqual(before.HostConfig);
    expect(await leftovers(app.name)).toEqual([]);
    await expect(docker.getContainer(app.id).inspect()).rejects.toThrow('no such container');
  });

  it('answers at the published port with the new version', async () => {
    const image = uniqueImage('web');
    const app = await runApp(image, { version: 'v1' });
    expect(await versionAt(app.port)).toBe('v1');
    await publish(docker, image, { version: 'v2' });
    await service.update(app.name);
    expect(await versionAt(app.port)).toBe('v2');
  });

  it('S3: logs "already up to date" and touches nothing where the image is the same', async () => {
    const app = await runApp(uniqueImage('web'), { version: 'v1' });
    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({ status: 'succeeded', result: 'up_to_date', running: true });
    await service.logged(
      ({ deploymentId, message }) => deploymentId === deployment.id && message.includes('already up to date'),
    );
    await expectUntouched(app);
  });

  it('S4: a failure blocks nothing: the next job runs, and the next webhook is a fresh attempt', async () => {
    const image = uniqueImage('web');
    const broken = await runApp(image, { version: 'v1' });
    const other = await runApp(uniqueImage('other'), { version: 'v1' });
    await publish(docker, image, { version: 'broken', entrypoint: ['/missing'] });
    const [failed, fine] = await Promise.all([service.update(broken.name), service.update(other.name)]);
    expect(failed).toMatchObject({ status: 'rolled_back' });
    expect(fine).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
    await publish(docker, image, { version: 'v3' });
    expect(await service.update(broken.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(broken.port)).toBe('v3');
  });

  it('S8: a name is a name: ids and id prefixes, which the engine would resolve, are no such container', async () => {
    const app = await runApp(uniqueImage('web'), { version: 'v1' });
    for (const name of [app.id, app.id.slice(0, 12), uniqueName('missing')]) {
      expect(await service.update(name)).toMatchObject({
        status: 'failed',
        error: { code: 'no_such_container', stage: 'inspect' },
      });
    }
    await expectUntouched(app);
  });

  it('S13: a request that arrives while the container is being updated becomes an update of its own', async () => {
    const image = uniqueImage('web');
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    const first = (await (await service.notify(app.name)).json()) as { id: string };
    await until('the first one to run', 5000, async () =>
      (await service.deployment(first.id)).status === 'running' ? true : undefined,
    );
    const second = (await (await service.notify(app.name)).json()) as { id: string; coalesced: boolean };
    expect(second.coalesced).toBe(false);
    expect(second.id).not.toBe(first.id);
    expect(await service.settled(first.id)).toMatchObject({ result: 'updated' });
    expect(await service.settled(second.id)).toMatchObject({ result: 'up_to_date' });
  });

  it('S16: gives the old container its grace, and kills it when it does not stop', async () => {
    const image = uniqueImage('stubborn');
    const ignoresSignals = ['/bin/sh', '-c', 'trap "" TERM; while true; do /bin/busybox sleep 1; done'];
    const app = await runApp(
      image,
      { version: 'v1', cmd: ignoresSignals, stopSignal: 'SIGTERM' },
      { StopTimeout: 2, HostConfig: {} },
    );
    await publish(docker, image, { version: 'v2', cmd: ignoresSignals, stopSignal: 'SIGTERM' });
    const deployment = await service.update(app.name);
    expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
    const swap = deployment.stages.find(({ stage }) => stage === 'swap');
    expect(swap?.durationMs).toBeGreaterThan(1900);
    expect(swap?.durationMs).toBeLessThan(10_000);
    await docker.getContainer(app.name).remove({ force: true });
  });

  it('S18: attaches every user-defined network again, with aliases and static address', async () => {
    const networks = await Promise.all(
      ['front', 'back'].map(async (what, index) => {
        const name = uniqueName(what);
        await docker.createNetwork({ Name: name, IPAM: { Config: [{ Subnet: `10.213.${index}.0/24` }] } });
        return name;
      }),
    );
    const [front = '', back = ''] = networks;
    const image = uniqueImage('web');
    await publish(docker, image, { version: 'v1' });
    await pull(image);
    const name = uniqueName('app');
    const container = await docker.createContainer({
      name,
      Image: image,
      HostConfig: { NetworkMode: front },
      NetworkingConfig: {
        EndpointsConfig: { [front]: { Aliases: ['web', 'www'], IPAMConfig: { IPv4Address: '10.213.0.77' } } },
      },
    });
    await docker.getNetwork(back).connect({ Container: container.id, EndpointConfig: { Aliases: ['backend'] } });
    await container.start();
    for (const version of ['v2', 'v3']) {
      await publish(docker, image, { version });
      expect(await service.update(name)).toMatchObject({ result: 'updated' });
    }
    const after = await inspect(name);
    const attached = after.NetworkSettings.Networks;
    expect(Object.keys(attached).sort()).toEqual([front, back].sort());
    const ownId = after.Id.slice(0, 12);
    const aliasesOf = (network: string): string[] =>
      ((attached[network]?.Aliases ?? []) as string[]).filter((alias) => alias !== ownId).sort();
    expect(aliasesOf(front)).toEqual(['web', 'www']);
    expect(aliasesOf(back)).toEqual(['backend']);
    expect(attached[front]?.IPAddress).toBe('10.213.0.77');
    await docker.getContainer(name).remove({ force: true });
    for (const network of networks) await docker.getNetwork(network).remove();
  });

  it("a new image's ENV, CMD, LABEL and WORKDIR take effect, and what the user set still wins", async () => {
    const image = uniqueImage('defaults');
    const report = (word: string): string[] => [
      '/bin/sh',
      '-c',
      `echo ${word}; exec /bin/busybox httpd -f -p 80 -h /www`,
    ];
    const app = await runApp(
      image,
      {
        version: 'v1',
        env: { RELEASE: '1', MODE: 'image', PATH: '/bin' },
        labels: { release: '1', owner: 'image' },
        workdir: '/one',
        cmd: report('one'),
      },
      { Env: ['MODE=user', 'RELEASE_NAME=user'], Labels: { owner: 'user' } },
    );
    await publish(docker, image, {
      version: 'v2',
      env: { RELEASE: '2', MODE: 'image2', PATH: '/bin:/sbin' },
      labels: { release: '2', owner: 'image2' },
      workdir: '/two',
      cmd: report('two'),
    });
    expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
    const { Config, Id } = await inspect(app.name);
    expect([...Config.Env].sort()).toEqual(['MODE=user', 'PATH=/bin:/sbin', 'RELEASE=2', 'RELEASE_NAME=user']);
    // Our own one names the image before, for a way back.
    expect(Config.Labels).toEqual({
      release: '2',
      owner: 'user',
      'trigger-docker-pull.previous': expect.any(String),
      'trigger-docker-pull.replaces': app.id,
    });
    expect(Config.WorkingDir).toBe('/two');
    expect(Config.Cmd).toEqual(report('two'));
    expect(String(await docker.getContainer(Id).logs({ stdout: true }))).toContain('two');
  });

  it.each([
    [
      'cannot start: its binary is missing',
      { version: 'bad', entrypoint: ['/missing'] },
      { code: 'start_failed', stage: 'swap' },
    ],
    [
      'exits at once',
      { version: 'bad', cmd: ['/bin/sh', '-c', 'echo "no database"; exit 3'] },
      { code: 'exited', stage: 'prove', exitCode: 3, logTail: ['no database'] },
    ],
    [
      'never becomes healthy',
      {
        version: 'bad',
        config: {
          Healthcheck: { Test: ['CMD', '/bin/sh', '-c', 'echo sick; exit 1'], Interval: 1e9, Timeout: 1e9, Retries: 1 },
        },
      },
      { code: 'unhealthy', stage: 'prove', healthOutput: expect.stringContaining('sick') },
    ],
  ])(
    'containrrr/watchtower#832: rolls back to the old container, itself, where the new image %s',
    async (_, image, error) => {
      const reference = uniqueImage('web');
      const app = await runApp(reference, { version: 'v1' }, { Labels: { 'trigger-docker-pull.timeout': '4s' } });
      await publish(docker, reference, image);
      const deployment = await service.update(app.name);
      expect(deployment).toMatchObject({ status: 'rolled_back', containerId: app.id, error });
      await expectUntouched(app);
      const line = await service.logged(
        ({ deploymentId, level }) => deploymentId === deployment.id && level === 'error',
      );
      expect(line.message).toContain('rolled back');
    },
  );

  it('rolls back out of a crash loop under --restart always, and leaves the old restart policy as it was', async () => {
    const reference = uniqueImage('web');
    const app = await runApp(reference, { version: 'v1' });
    await docker.getContainer(app.id).update({ RestartPolicy: { Name: 'always' } });
    await publish(docker, reference, { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 1'] });
    expect(await service.update(app.name)).toMatchObject({ status: 'rolled_back', error: { stage: 'prove' } });
    await expectUntouched(app);
    expect((await inspect(app.name)).HostConfig.RestartPolicy).toMatchObject({ Name: 'always' });
  });

  it('rolls back where the host port was taken meanwhile', async () => {
    const reference = uniqueImage('web');
    const app = await runApp(reference, {
      version: 'v1',
      stopSignal: 'SIGTERM',
      cmd: [
        '/bin/sh',
        '-c',
        'trap "/bin/busybox sleep 1; exit 0" TERM; /bin/busybox httpd -p 80 -h /www; while true; do /bin/busybox sleep 0.2; done',
      ],
    });
    await publish(docker, reference, { version: 'v2' });
    const notified = (await (await service.notify(app.name)).json()) as { id: string };
    // As soon as the old container has let go of the port, somebody else takes it.
    const thief = createServer();
    await until(
      'the port to be free',
      15_000,
      async () => {
        thief.listen(app.port, '127.0.0.1');
        return Promise.race([once(thief, 'listening').then(() => true), once(thief, 'error').then(() => undefined)]);
      },
      1,
    );
    await until(
      'the start to fail',
      10_000,
      async () =>
        (await service.deployment(notified.id)).stages.some(({ stage }) => stage === 'rollback') ? true : undefined,
      5,
    );
    thief.close();
    const deployment = await service.settled(notified.id);
    expect(deployment.error).toMatchObject({ stage: 'swap', code: 'start_failed' });
    expect(deployment.status).toBe('rolled_back');
    await expectUntouched(app);
  });

  it('leaves a stopped container stopped', async () => {
    const image = uniqueImage('stopped');
    const app = await runApp(image, { version: 'v1' });
    await docker.getContainer(app.id).stop();
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
    const after = await inspect(app.name);
    expect(after.Id).not.toBe(app.id);
    expect(after.State).toMatchObject({ Running: false, Status: 'created' });
    await docker.getContainer(app.name).remove();
  });

  it.each([
    [
      'pinned to an image id',
      async (image: string): Promise<Docker.ContainerCreateOptions> => ({
        Image: (await docker.getImage(image).inspect()).Id,
      }),
      'image_pinned',
    ],
    ['labelled enable=false', () => ({ Labels: { 'trigger-docker-pull.enable': 'false' } }), 'refused'],
    ['a Swarm task', () => ({ Labels: { 'com.docker.swarm.task.id': 'x' } }), 'refused'],
    ['run with --rm', () => ({ HostConfig: { AutoRemove: true } }), 'refused'],
  ])('refuses, before anything is pulled, a container that is %s', async (_, options, code) => {
    const image = uniqueImage('refused');
    await publish(docker, image, { version: 'v1' });
    await pull(image);
    const name = uniqueName('refused');
    const container = await docker.createContainer({ name, Image: image, ...(await options(image)) });
    await container.start();
    const before = await container.inspect();
    const deployment = await service.update(name);
    expect(deployment).toMatchObject({ status: 'failed', error: { code, stage: 'inspect' } });
    expect(deployment.stages.map(({ stage }) => stage)).not.toContain('pull');
    expect(before.State.Running).toBe(true);
    expect(await container.inspect()).toEqual(before);
    await container.remove({ force: true });
  });

  it('S12: 500 webhooks at once over 20 containers: all accepted, all updated, never two in parallel', async () => {
    const image = uniqueImage('burst');
    await publish(docker, image, { version: 'v1' });
    await pull(image);
    const names = Array.from({ length: 20 }, () => uniqueName('burst'));
    const before = new Map<string, string>();
    for (const [index, name] of names.entries()) {
      const container = await docker.createContainer({
        name,
        Image: image,
        Labels: { 'trigger-docker-pull.proof': 'none' },
      });
      // A start takes the engine a second: a few that run among those that do not.
      if (index % 5 === 0) await container.start();
      before.set(name, container.id);
    }
    await publish(docker, image, { version: 'v2' });
    const since = Math.floor(Date.now() / 1000);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) => service.notify(names[index % names.length] ?? '')),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    const ids = new Set(await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id)));
    const ended: Deployment[] = [];
    // One after the other: hundreds of questions a second would be for the most part what is measured.
    for (const id of ids) ended.push(await service.settled(id, 120_000));
    expect(ended.every(({ status }) => status === 'succeeded')).toBe(true);
    expect(ended.filter(({ result }) => result === 'updated')).toHaveLength(names.length);
    for (const name of names) expect((await inspect(name)).Id).not.toBe(before.get(name));
    // The engine's own event stream: an update begins with a create and ends with a destroy, and no other is in between.
    await setTimeout(1000);
    const stream = await docker.getEvents({
      since,
      until: Math.floor(Date.now() / 1000) + 1,
      filters: { type: ['container'], event: ['create', 'destroy'] },
    });
    const chunks: Buffer[] = [];
    for await (const chunk of stream as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
    const events = Buffer.concat(chunks)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: { name: string } } })
      .filter(({ Actor }) => names.some((name) => Actor.Attributes.name.startsWith(`${name}-upd-`)));
    expect(events.map(({ Action }) => Action)).toEqual(names.flatMap(() => ['create', 'destroy']));
    for (const name of names) await docker.getContainer(name).remove({ force: true });
  }, 180_000);

  it('S21: logs each stage with deployment, container and image ids, and how long it all took', async () => {
    const image = uniqueImage('logged');
    const app = await runApp(image, { version: 'v1' }, { Env: ['DATABASE_PASSWORD=hunter2-hunter2'] });
    await publish(docker, image, { version: 'v2' });
    const { id, fromImageId, toImageId } = await service.update(app.name);
    await service.logged(({ deploymentId, status }) => deploymentId === id && status === 'succeeded');
    const lines = service.logs.filter(({ deploymentId }) => deploymentId === id);
    expect(lines.map(({ stage }) => stage).filter(Boolean)).toEqual(stagesOfAnUpdate);
    expect(lines.at(-1)).toMatchObject({
      container: app.name,
      image,
      fromImageId,
      toImageId,
      durationMs: expect.any(Number),
      status: 'succeeded',
    });
    expect(service.output.join('\n')).not.toContain('hunter2-hunter2');
    expect(service.output.join('\n')).not.toContain(Service.secret);
  });

  it('pushes of the same image under the same tag change nothing', async () => {
    const image = uniqueImage('same');
    const app = await runApp(image, { version: 'v1' });
    await pushImage(docker, image);
    expect(await service.update(app.name)).toMatchObject({ result: 'up_to_date' });
    await expectUntouched(app);
  });
});
