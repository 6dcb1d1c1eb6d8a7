import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueName } from './support/runner/environment.js';
import { describeExtended, itExtended } from './support/runner/extent.js';
import { EngineProxy, type Fate } from './support/engine/engine-proxy.js';
import { publish } from './support/fixtures/images.js';
import { digestInRegistry, pushIndex, RegistryProxy } from './support/registry/registry-proxy.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const unknownDigest = `sha256:${'0'.repeat(64)}`;

describeOnEngine('a notify with the digest that CI has pushed', () => {
  let registry: RegistryProxy;
  let engine: EngineProxy;
  let service: Service;

  beforeAll(async () => {
    registry = await RegistryProxy.start(testEnvironment().registry);
    engine = await EngineProxy.start(testEnvironment().dockerHost);
    service = await Service.start({ DOCKER_HOST: engine.dockerHost, DIGEST_TIMEOUT: '4s', PULL_RETRIES: '3' });
    await service.ready();
  });
  afterEach(() => {
    engine.reset();
    registry.failure = undefined;
  });
  afterAll(async () => {
    await service.stop();
    engine.stop();
    registry.stop();
  });

  const newImage = (): string => `${registry.host}/${uniqueName('digest')}:latest`;
  const notify = async (container: string, digest?: string): Promise<string> => {
    const response = await service.fetch(`/notify/${container}${digest ? `?digest=${digest}` : ''}`, {
      method: 'POST',
    });
    expect(response.status).toBe(202);
    return ((await response.json()) as { id: string }).id;
  };
  const localId = async (image: string): Promise<string> => (await docker.getImage(image).inspect()).Id;
  const push = async (image: string, version: string): Promise<string> => {
    await publish(docker, image, { version });
    return registry.digestOf(image);
  };
  const expectUntouched = async (app: App): Promise<void> => {
    expect((await docker.getContainer(app.name).inspect()).Id).toBe(app.id);
    expect(await versionAt(app.port)).toBe('v1');
  };

  it('succeeds with that digest in its record, also where it runs already', async () => {
    const image = newImage();
    const app = await runApp(image, { version: 'v1' });
    const digest = await push(image, 'v2');
    expect(await service.settled(await notify(app.name, digest))).toMatchObject({
      status: 'succeeded',
      result: 'updated',
      expectedDigest: digest,
      digest,
      attempts: 1,
    });
    expect(await versionAt(app.port)).toBe('v2');
    const running = (await docker.getContainer(app.name).inspect()).Image;
    expect((await docker.getImage(running).inspect()).RepoDigests).toContainEqual(expect.stringContaining(digest));
    expect(await service.settled(await notify(app.name, digest))).toMatchObject({ result: 'up_to_date', digest });
  });

  it('waits while the registry serves the old manifest, and changes nothing until then, not even the local tag', async () => {
    const image = newImage();
    const app = await runApp(image, { version: 'v1' });
    const before = await localId(image);
    await registry.hold(image);
    const digest = await push(image, 'v2');
    const id = await notify(app.name, digest);
    const waiting = await until('a second try', 10_000, async () => {
      const deployment = await service.deployment(id);
      return deployment.attempts > 1 && deployment.status === 'queued' ? deployment : undefined;
    });
    expect(waiting.retries?.[0]).toMatchObject({
      stage: 'pull',
      code: 'digest_mismatch',
      message: expect.stringContaining(digest),
    });
    expect(Date.parse(waiting.notBefore ?? '')).not.toBeNaN();
    expect(await localId(image)).toBe(before);
    expect(engine.calls.filter(({ path }) => path.startsWith('/images/create'))).toEqual([]);
    await expectUntouched(app);
    registry.release(image);
    expect(await service.settled(id)).toMatchObject({ status: 'succeeded', result: 'updated', digest });
    expect(await versionAt(app.port)).toBe('v2');
  });

  it('ends as digest_mismatch where the digest never comes, while ten others do not wait for it', async () => {
    const image = newImage();
    const app = await runApp(image, { version: 'v1' });
    const served = await registry.digestOf(image);
    const others = Array.from({ length: 10 }, () => uniqueName('other'));
    await Promise.all(others.map((name) => docker.createContainer({ name, Image: image })));
    const id = await notify(app.name, unknownDigest);
    const ids = await Promise.all(others.map((name) => notify(name)));
    const ended = await Promise.all(ids.map((other) => service.settled(other)));
    expect(ended.map(({ result }) => result)).toEqual(others.map(() => 'up_to_date'));
    const failed = await service.settled(id);
    expect(failed).toMatchObject({
      status: 'failed',
      error: { code: 'digest_mismatch', servedDigest: served, message: expect.stringContaining(served) },
    });
    for (const { finishedAt = '' } of ended) expect(finishedAt < (failed.finishedAt ?? '')).toBe(true);
    expect(failed.attempts).toBeGreaterThan(1);
    await expectUntouched(app);
  });

  it('gives callers with different digests a verdict each, and names the push that overtook one', async () => {
    const image = newImage();
    const app = await runApp(image, { version: 'v1' });
    const overtaken = await push(image, 'v2');
    const latest = await push(image, 'v3');
    const first = await notify(app.name, overtaken);
    const second = await notify(app.name, latest);
    const third = await notify(app.name);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(await service.settled(first)).toMatchObject({
      status: 'failed',
      error: {
        code: 'superseded',
        servedDigest: latest,
        supersededBy: { deploymentId: second, digest: latest },
        message: expect.stringContaining(latest),
      },
    });
    expect(await service.settled(second)).toMatchObject({ status: 'succeeded', digest: latest });
    expect(await service.settled(third)).toMatchObject({ status: 'succeeded', digest: latest });
    expect(await versionAt(app.port)).toBe('v3');
  });

  it('does not undo a rollback that was asked for while it waited', async () => {
    const image = newImage();
    const app = await runApp(image, { version: 'v1' });
    const digest = await push(image, 'v2');
    expect(await service.settled(await notify(app.name, digest))).toMatchObject({ result: 'updated' });
    const waiting = await notify(app.name, unknownDigest);
    await until('the first look', 10_000, async () => (await service.deployment(waiting)).notBefore);
    const back = await service.rollBack(app.name);
    expect(back).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await service.settled(waiting)).toMatchObject({
      status: 'failed',
      error: { code: 'superseded', supersededBy: { deploymentId: back.id } },
    });
    expect(await versionAt(app.port)).toBe('v1');
  });

  it('does not take what somebody pushed between the question and the pull', async () => {
    const image = newImage();
    const app = await runApp(image, { version: 'v1' });
    const digest = await push(image, 'v2');
    let other = '';
    engine.hooks.before = async ({ path }): Promise<Fate> => {
      if (path.startsWith('/images/create') && other === '') other = await push(image, 'v3');
      return 'forward';
    };
    const failed = await service.settled(await notify(app.name, digest));
    expect(other).not.toBe('');
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'digest_mismatch', servedDigest: other } });
    await expectUntouched(app);
  });

  describeExtended('of a platform within an index', () => {
    let image: string;
    let app: App;
    let pushed: { index: string; platform: string };
    const real = (): string => image.replace(registry.host, testEnvironment().registry);

    beforeEach(async () => {
      image = newImage();
      app = await runApp(image, { version: 'v1' });
      pushed = await pushedElsewhere('first');
    });

    /** Pushes an index as another machine would have: nothing of it is left on this engine. */
    const pushedElsewhere = async (version: string): Promise<{ index: string; platform: string }> => {
      await push(image, uniqueName(version));
      const digests = await pushIndex(real(), real(), version);
      expect((await namesByDigest()).filter((name) => name.endsWith(digests.platform))).toEqual([]);
      return digests;
    };
    const namesByDigest = async (): Promise<string[]> =>
      (await docker.listImages({ digests: true })).flatMap(({ RepoDigests }) => RepoDigests ?? []);

    it('succeeds, and leaves no other name behind', async () => {
      expect(await digestInRegistry(real())).toBe(pushed.index);
      expect(pushed.platform).not.toBe(pushed.index);
      expect(await service.settled(await notify(app.name, pushed.platform))).toMatchObject({
        status: 'succeeded',
        result: 'updated',
        digest: pushed.platform,
      });
      expect(await versionAt(app.port)).toContain('first');
      expect((await namesByDigest()).filter((name) => name.endsWith(pushed.platform))).toEqual([]);
      expect(await service.settled(await notify(app.name, pushed.index))).toMatchObject({
        status: 'succeeded',
        result: 'up_to_date',
        digest: pushed.index,
      });
    });

    it('fails where the index that is served has another one, and moves no tag', async () => {
      const before = await localId(image);
      const next = await pushedElsewhere('second');
      const failed = await service.settled(await notify(app.name, pushed.platform));
      expect(failed).toMatchObject({
        status: 'failed',
        error: { code: 'digest_mismatch', servedDigest: next.index },
      });
      expect(await localId(image)).toBe(before);
      await expectUntouched(app);
      const names = await namesByDigest();
      expect(names.filter((name) => name.endsWith(pushed.platform) || name.endsWith(next.index))).toEqual([]);
    });
  });

  it.each([
    ['nothing', ''],
    ['no hash', 'latest'],
    ['upper case', `sha256:${'A'.repeat(64)}`],
    ['too short', `sha256:${'a'.repeat(63)}`],
    ['another hash', `sha512:${'a'.repeat(128)}`],
    ['twice', `${unknownDigest}&digest=${unknownDigest}`],
  ])('is answered 400 where the digest is %s, and nothing is enqueued', async (_, digest) => {
    const response = await service.fetch(`/notify/web?digest=${digest}`, { method: 'POST' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_query', detail: expect.stringContaining('digest') });
  });
});

describeOnEngine('a pull that fails for a while', () => {
  let registry: RegistryProxy;
  let service: Service;

  beforeAll(async () => {
    registry = await RegistryProxy.start(testEnvironment().registry);
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, PULL_RETRIES: '2' });
    await service.ready();
  });
  afterEach(() => {
    registry.failure = undefined;
  });
  afterAll(async () => {
    await service.stop();
    registry.stop();
  });

  const newApp = async (): Promise<App> => {
    const image = `${registry.host}/${uniqueName('passes')}:latest`;
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    return app;
  };

  it.each([
    ['a server error', 503, 'pull_failed'],
    ['a tag that is not there yet', 404, 'pull_not_found'],
  ])('because of %s is tried again, and the record tells of it', async (_, statusCode, code) => {
    const app = await newApp();
    registry.failure = { statusCode, times: Infinity };
    const { id } = (await (await service.notify(app.name)).json()) as { id: string };
    await until('the first try', 20_000, async () => (await service.deployment(id)).retries?.length ?? undefined);
    registry.failure = undefined;
    const ended = await service.settled(id);
    expect(ended).toMatchObject({ status: 'succeeded', result: 'updated', retries: [{ stage: 'pull', code }] });
    expect(ended.attempts).toBe((ended.retries?.length ?? 0) + 1);
    expect(await versionAt(app.port)).toBe('v2');
  });

  itExtended('and goes on failing ends with its reason, after as many tries as the setting says', async () => {
    const app = await newApp();
    registry.failure = { statusCode: 503, times: Infinity };
    const ended = await service.update(app.name, 60_000);
    expect(ended).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'pull_failed' } });
    expect((await docker.getContainer(app.name).inspect()).Id).toBe(app.id);
  });

  it('is not tried again where the registry wants other credentials', async () => {
    const app = await newApp();
    registry.failure = { statusCode: 401, times: Infinity };
    const ended = await service.update(app.name, 60_000);
    expect(ended).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'pull_unauthorized' } });
    expect(ended.retries).toBeUndefined();
  });

  itExtended('is dropped by a stop while it waits', async () => {
    const app = await newApp();
    registry.failure = { statusCode: 503, times: Infinity };
    const { id } = (await (await service.notify(app.name)).json()) as { id: string };
    await until('the first try', 20_000, async () => (await service.deployment(id)).retries?.length ?? undefined);
    expect(await service.stop()).toBe(0);
    expect(service.logs.filter(({ message }) => message === `dropped ${app.name}: the service stops`)).toHaveLength(1);
  });
});
