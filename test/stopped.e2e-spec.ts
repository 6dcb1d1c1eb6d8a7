import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type Docker from 'dockerode';
import type { Accepted } from '../src/notify/accepting.service.js';
import type { Deployment } from '../src/deployments/deployment.js';
import { EngineProxy } from './support/engine/engine-proxy.js';
import { describeOnEachEngine, docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { Service } from './support/service/service.js';
import { Script } from './support/runner/shells.js';
import { until } from './support/runner/until.js';

const bad: AppImage = { version: 'bad', cmd: ['/bin/sh', '-c', 'echo last words; exit 3'] };

describeOnEachEngine('a container that does not run', (engine) => {
  let service: Service;
  let proxy: EngineProxy;

  beforeAll(async () => {
    proxy = await EngineProxy.start(engine.dockerHost);
    service = await Service.start({ DOCKER_HOST: proxy.dockerHost, SETTLE_TIME: '300ms' });
    await service.ready();
  });
  afterAll(async () => {
    await service.stop();
    proxy.stop();
  });

  const stopped = async (
    first: AppImage = { version: 'v1' },
    options: Docker.ContainerCreateOptions = {},
  ): Promise<{ image: string; name: string; id: string }> => {
    const [image, name] = [uniqueImage('stopped'), uniqueName('stopped')];
    await publish(docker, image, first);
    await pullImage(engine.docker, image);
    const container = await engine.docker.createContainer({ ...options, name, Image: image });
    await container.start();
    if (first === bad) await container.wait();
    else await container.stop();
    return { image, name, id: container.id };
  };
  const inspect = (name: string): Promise<Docker.ContainerInspectInfo> => engine.docker.getContainer(name).inspect();
  const remove = (name: string): Promise<unknown> => engine.docker.getContainer(name).remove({ force: true });
  const start = async (name: string): Promise<Deployment> => {
    const response = await service.fetch(`/notify/${name}?start=true`, { method: 'POST' });
    return service.settled(((await response.json()) as Accepted).id);
  };

  it('stays stopped with a warning, in the record, the log and the CI client', async () => {
    const { image, name } = await stopped(bad);
    const env = { NOTIFY_URL: service.url, NOTIFY_TOKEN: Service.secret };
    await publish(docker, image, { version: 'v2' });
    const { log, code } = await new Script(['sh', 'clients/notify.sh', name], env).end();
    const warning = `${name} does not run (it exited with code 3) and stays stopped: notify with ?start=true`;
    expect(log).toContain(`notify: warning: ${warning}`);
    expect(code).toBe(0);
    const [deployment] = await service.list(`?container=${name}`);
    expect(deployment).toMatchObject({ result: 'updated', running: false });
    expect(deployment?.warnings).toEqual([expect.stringContaining(warning)]);
    await service.logged(({ warnings }) => JSON.stringify(warnings ?? '').includes(`${name} does not run`));
    expect(await inspect(name)).toMatchObject({ State: { Running: false } });

    const again = await service.update(name);
    expect(again).toMatchObject({ result: 'up_to_date', running: false });
    expect(again.warnings).toEqual([expect.stringContaining(`${name} does not run and stays stopped`)]);
    const plan = await service.fetch(`/notify/${name}?dry_run=true`, { method: 'POST' });
    expect(await plan.json()).toMatchObject({ warnings: [expect.stringContaining('stays stopped')] });
    const started = await new Script(['sh', 'clients/notify.sh', '-s', name], env).end();
    expect(started.log).toContain('up_to_date');
    expect(await inspect(name)).toMatchObject({ State: { Running: true } });
    await remove(name);
  }, 60_000);

  it('is started with ?start=true and proved, with its policy', async () => {
    const { image, name } = await stopped({ version: 'v1' }, { HostConfig: { RestartPolicy: { Name: 'always' } } });
    await publish(docker, image, { version: 'v2' });
    expect(await start(name)).toMatchObject({ result: 'updated', running: true, startStopped: true });
    expect(await inspect(name)).toMatchObject({
      State: { Running: true },
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    await remove(name);
  });

  it('is started by its label', async () => {
    const { image, name } = await stopped({ version: 'v1' }, { Labels: { 'trigger-docker-pull.start': 'true' } });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(name)).toMatchObject({ result: 'updated', running: true });
    expect(await inspect(name)).toMatchObject({ State: { Running: true } });
    await remove(name);
  });

  it.each(['no', 'always'])(
    'is the old one again, stopped, where the new one fails (restart policy «%s»)',
    async (Name) => {
      const { image, name, id } = await stopped({ version: 'v1' }, { HostConfig: { RestartPolicy: { Name } } });
      await publish(docker, image, bad);
      const deployment = await start(name);
      expect(deployment).toMatchObject({ status: 'rolled_back', running: false, error: { stage: 'prove' } });
      expect(deployment.error?.logTail).toContain('last words');
      expect(await inspect(name)).toMatchObject({
        Id: id,
        State: { Running: false, Restarting: false },
        HostConfig: { RestartPolicy: { Name } },
      });
      await remove(name);
    },
  );

  it('is stopped again where it is up to date and fails', async () => {
    const { name, id } = await stopped(bad, { HostConfig: { RestartPolicy: { Name: 'no' } } });
    expect(await start(name)).toMatchObject({
      status: 'failed',
      error: { code: 'exited', stage: 'prove', exitCode: 3, logTail: expect.arrayContaining(['last words']) },
    });
    expect(await inspect(name)).toMatchObject({ Id: id, State: { Running: false } });
    await remove(name);
  });

  it('tells nothing of what it printed where its label says so', async () => {
    const Labels = { 'trigger-docker-pull.log-tail': 'false' };
    const { name } = await stopped(bad, { Labels, HostConfig: { RestartPolicy: { Name: 'no' } } });
    const { error } = await start(name);
    expect(error).toMatchObject({ code: 'exited', exitCode: 3 });
    expect(error).not.toHaveProperty('logTail');
    await remove(name);
  });

  it('is proved by the next start where the service is killed during the proof, and goes back where it fails', async () => {
    const { image, name, id } = await stopped();
    const late = { version: 'bad', cmd: ['/bin/sh', '-c', '/bin/busybox sleep 2; exit 3'] };
    await publish(docker, image, late);
    const other = await Service.start({ DOCKER_HOST: proxy.dockerHost, SETTLE_TIME: '5s' });
    await service.stop();
    await other.ready();
    await other.fetch(`/notify/${name}?start=true`, { method: 'POST' });
    await until('the start of the new one', 20_000, async () => {
      const now = await inspect(name).catch(() => undefined);
      return now && now.Id !== id && now.State.Running ? true : undefined;
    });
    await other.kill();
    await other.restart();
    await other.ready();
    expect(await inspect(name)).toMatchObject({ Id: id, State: { Running: false } });
    await other.stop();
    await service.restart();
    await service.ready();
    await remove(name);
  }, 60_000);
});
