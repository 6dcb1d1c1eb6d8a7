import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { uniqueImage, uniqueName, describeOnEachEngine } from './support/runner/environment.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { pullImage } from './support/engine/pull-image.js';
import { until } from './support/runner/until.js';
import { Service } from './support/service/service.js';

const sleep: AppImage['cmd'] = ['/bin/busybox', 'sleep', '1000'];

describeOnEachEngine('an update during which somebody else ends the replacement', (engine) => {
  const { docker } = engine;
  const itAlone = engine.private ? it : it.skip;
  const made: string[] = [];
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '8s' });
    await service.ready();
  });
  afterEach(async () => {
    for (const name of made.splice(0)) await docker.getContainer(name).remove({ force: true, v: true });
  });
  afterAll(() => service.stop());

  /** Runs v1, notifies of v2, and waits for the start of the replacement. */
  const untilProof = async (policy: string): Promise<{ name: string; id: string; deployment: string }> => {
    const image = uniqueImage('ended');
    const name = uniqueName('ended');
    made.push(name);
    await publish(docker, image, { version: 'v1', cmd: sleep });
    await pullImage(docker, image);
    const HostConfig = { RestartPolicy: { Name: policy } };
    const { id } = await docker.createContainer({ name, Image: image, HostConfig });
    await docker.getContainer(id).start();
    await publish(docker, image, { version: 'v2', cmd: sleep });
    const { id: deployment } = (await (await service.notify(name)).json()) as { id: string };
    await until('the start of the replacement', 30_000, async () => {
      const found = await docker
        .getContainer(name)
        .inspect()
        .catch(() => undefined);
      return found && found.Id !== id && found.State.Running ? true : undefined;
    });
    return { name, id, deployment };
  };
  const isRejected = (name: string): Promise<boolean> =>
    docker
      .getImage(`trigger-docker-pull/${name}:rejected`)
      .inspect()
      .then(() => true)
      .catch(() => false);
  const left = async (name: string): Promise<string[][]> => {
    const found = await docker.listContainers({ all: true, filters: { name: [name] } });
    return found.map(({ Names, Id, State }) => [Names.join(), Id, State]);
  };

  itAlone.each([
    ['no', 'SIGTERM'],
    ['always', 'SIGTERM'],
    ['no', 'SIGKILL'],
    ['always', 'SIGKILL'],
  ] as const)(
    'puts the old container back where the engine restarts in the proof, with restart=%s and %s',
    async (policy, signal) => {
      const { name, id, deployment } = await untilProof(policy);
      await engine.private?.restart(signal);
      const ended = await service.settled(deployment, 60_000);
      expect(ended).toMatchObject({ status: 'rolled_back' });
      expect(await left(name)).toEqual([[`/${name}`, id, 'running']]);
      expect(await isRejected(name)).toBe(false);
    },
    120_000,
  );

  it.each<[string, string, (name: string) => Promise<unknown>]>([
    ['stopped', 'no', (name) => docker.getContainer(name).stop({ t: 0 })],
    ['killed', 'on-failure', (name) => docker.getContainer(name).kill()],
    ['restarted', 'always', (name) => docker.getContainer(name).restart({ t: 0 })],
  ])(
    'does not blame the image where the replacement is %s, with restart=%s',
    async (_, policy, interfere) => {
      const { name, id, deployment } = await untilProof(policy);
      await interfere(name);
      expect(await service.settled(deployment, 60_000)).toMatchObject({
        status: 'rolled_back',
        error: { code: 'container_changed' },
      });
      expect(await left(name)).toEqual([[`/${name}`, id, 'running']]);
      expect(await isRejected(name)).toBe(false);
    },
    60_000,
  );
});
