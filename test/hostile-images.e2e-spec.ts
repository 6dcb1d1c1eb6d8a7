import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pull, runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, type AppImage } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';

const ours = (label: string): string => `trigger-docker-pull.${label}`;
const crashing = { version: 'v2', cmd: ['/bin/sh', '-c', 'exit 3'] };

describeOnEngine('an image whose author would like to speak for the host', () => {
  let service: Service;
  const restricted = { name: '*-restricted-*', repositories: ['*/*-allowed-*'] };

  beforeAll(async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'policy-')), 'policy.json');
    writeFileSync(path, JSON.stringify({ containers: [restricted] }));
    service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      SETTLE_TIME: '200ms',
      POLICY_PATH: path,
    });
    await service.ready();
  });
  afterAll(() => service.stop());

  const run = async (
    image: AppImage,
    options: Parameters<typeof runApp>[2] = {},
    kind = 'hostile',
  ): Promise<App & { image: string }> => {
    const reference = uniqueImage(kind);
    return { ...(await runApp(reference, image, options)), image: reference };
  };
  const planOf = async (name: string): Promise<unknown> =>
    (await service.fetch(`/notify/${name}?dry_run=true`, { method: 'POST' })).json();
  /** The one container with this name, and any that an update left beside it. */
  const namesLike = async (name: string): Promise<string[]> =>
    (await docker.listContainers({ all: true, filters: { name: [name] } })).flatMap(({ Names }) => Names);
  const expectUntouched = async ({ name, id, port }: App): Promise<void> => {
    expect(await namesLike(name)).toEqual([`/${name}`]);
    expect(await docker.getContainer(name).inspect()).toMatchObject({ Id: id, State: { Running: true } });
    expect(await versionAt(port)).toBe('v1');
  };

  it('does not switch the rollback off by on-failure=stop in the new image', async () => {
    const app = await run({ version: 'v1' });
    await publish(docker, app.image, {
      ...crashing,
      labels: { [ours('on-failure')]: 'stop', [ours('proof')]: 'none' },
    });
    expect(await service.update(app.name)).toMatchObject({ status: 'rolled_back', error: { exitCode: 3 } });
    await expectUntouched(app);
  });

  it('does not choose how it is updated, nor stop updates by labels that nobody understands', async () => {
    const labels = {
      [ours('settle')]: '23h',
      [ours('proof')]: 'maybe',
      [ours('order')]: 'start-first',
      [ours('x')]: 'y',
    };
    const app = await run({ version: 'v1', labels });
    expect(await planOf(app.name)).toMatchObject({ eligible: true, order: 'stop-first', proof: { settleMs: 200 } });
    await publish(docker, app.image, { version: 'v2', labels });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
  });

  it.each([
    'com.docker.swarm.task.id',
    'com.docker.swarm.service.id',
    'PODMAN_SYSTEMD_UNIT',
    'io.kubernetes.pod.name',
    ours('enable'),
  ])(
    'does not close the door behind it: a new image with the label %s is refused, the next one taken',
    async (label) => {
      const app = await run({ version: 'v1' });
      const value = label === ours('enable') ? 'no' : 'x';
      await publish(docker, app.image, { version: 'hostile', labels: { [label]: value } });
      const refusal = { code: 'refused', stage: 'prepare', message: expect.stringContaining(label) };
      expect(await service.update(app.name)).toMatchObject({ status: 'failed', error: refusal });
      await expectUntouched(app);
      expect(await planOf(app.name)).toMatchObject({ eligible: false, refusal });
      await publish(docker, app.image, { version: 'v2' });
      expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    },
  );

  it('does not make a container of Compose one of its hooks', async () => {
    const compose = (name: string): string => `com.docker.compose.${name}`;
    const Labels = {
      [compose('project')]: 'shop',
      [compose('service')]: 'web',
      [compose('oneoff')]: 'False',
      [compose('container-number')]: '1',
      [compose('config-hash')]: 'c'.repeat(64),
    };
    const app = await run({ version: 'v1' }, { Labels });
    for (const version of ['v2', 'v3']) {
      await publish(docker, app.image, { version, labels: { [compose('hook')]: 'post_start' } });
      expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    }
  });

  it('does not take away what a label of the container says by setting it too', async () => {
    const label = { [ours('settle')]: '300ms' };
    const app = await run({ version: 'v1' }, { Labels: label });
    await publish(docker, app.image, { version: 'v2', labels: label });
    expect(await service.update(app.name)).toMatchObject({ status: 'failed', error: { code: 'refused' } });
    await expectUntouched(app);
  });

  it('does not have output told that its container keeps to itself', async () => {
    const label = { [ours('log-tail')]: 'false' };
    const app = await run({ version: 'v1', labels: label }, { Labels: label });
    await publish(docker, app.image, { version: 'v2', cmd: ['/bin/sh', '-c', 'echo of a file; exit 3'] });
    const { status, error } = await service.update(app.name);
    expect({ status, exitCode: error?.exitCode, logTail: error?.logTail }).toEqual({
      status: 'rolled_back',
      exitCode: 3,
      logTail: undefined,
    });
    await expectUntouched(app);
  });

  it('does not hold up all updates by a HEALTHCHECK that answers after hours', async () => {
    const app = await run({ version: 'v1' });
    const Healthcheck = { Test: ['CMD', '/bin/busybox', 'false'], StartPeriod: 1000 * 3600 * 1e9 };
    await publish(docker, app.image, { version: 'v2', config: { Healthcheck } });
    expect(await service.update(app.name)).toMatchObject({ status: 'failed', error: { code: 'refused' } });
    await expectUntouched(app);
  });

  it('is no manager of its container by its labels', async () => {
    const labels = { 'com.docker.swarm.task.id': 'x', PODMAN_SYSTEMD_UNIT: 'x', 'com.docker.compose.oneoff': 'True' };
    const app = await run({ version: 'v1', labels });
    await publish(docker, app.image, { version: 'v2', labels });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    const managed = await run({ version: 'v1' }, { Labels: { PODMAN_SYSTEMD_UNIT: 'web.service' } });
    expect(await service.update(managed.name)).toMatchObject({ error: { code: 'refused' } });
  });

  it('opts out, which anybody may, but does not let a container run with --rm be updated', async () => {
    const optedOut = await run({ version: 'v1', labels: { [ours('enable')]: 'false' } });
    expect(await service.update(optedOut.name)).toMatchObject({ error: { code: 'refused', stage: 'inspect' } });
    const removed = await run(
      { version: 'v1', labels: { [ours('allow-auto-remove')]: 'true' } },
      { HostConfig: { AutoRemove: true } },
    );
    expect(await service.update(removed.name)).toMatchObject({
      error: { code: 'refused', message: expect.stringContaining('--rm') },
    });
  });

  it.each(['no', 'off', '0', 'FALSE', 'disabled', ''])('is not updated where its user says enable=%s', async (text) => {
    const app = await run({ version: 'v1' }, { Labels: { [ours('enable')]: text } });
    await publish(docker, app.image, { version: 'v2' });
    const refusal = { code: 'refused', stage: 'inspect', message: expect.stringContaining(ours('enable')) };
    expect(await service.update(app.name)).toMatchObject({ status: 'failed', error: refusal });
    expect(await planOf(app.name)).toMatchObject({ eligible: false, refusal });
    await expectUntouched(app);
  });

  /** An image of another repository, which the engine has too. */
  const evil = async (): Promise<string> => {
    const other = uniqueImage('other');
    await publish(docker, other, { version: 'evil' });
    await pull(other);
    return String((await docker.getImage(other).inspect()).RepoDigests[0]);
  };

  it('does not say what a rollback runs', async () => {
    const previous = await evil();
    const app = await run({ version: 'v1', labels: { [ours('previous')]: previous } });
    expect(await service.rollBack(app.name)).toMatchObject({ error: { code: 'no_previous_image' } });
    await expectUntouched(app);
  });

  it('is not run past the repositories of the policy, wherever its name comes from', async () => {
    const previous = await evil();
    const name = uniqueName('restricted');
    const app = await run({ version: 'v1' }, { name, Labels: { [ours('previous')]: previous } }, 'allowed');
    const refusal = { code: 'refused', message: expect.stringContaining(previous) };
    expect(await service.rollBack(app.name)).toMatchObject({ status: 'failed', error: refusal });
    await expectUntouched(app);
    // What the policy allows goes on, and back.
    await publish(docker, app.image, { version: 'v2' });
    expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
    expect(await service.rollBack(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v1');
  });

  it('is no instance of this service, though it says so, and where the socket is', async () => {
    const claims: AppImage = {
      version: 'v1',
      labels: { 'org.opencontainers.image.title': 'trigger-docker-pull' },
      env: { DOCKER_HOST: 'unix:///data/x' },
      config: { Volumes: { '/data': {}, '/var/run': {} } },
    };
    const [claiming, given] = [
      await run(claims),
      await run(claims, { HostConfig: { Binds: [`${uniqueName('v')}:/data`] } }),
    ];
    const app = await run({ version: 'v1' });
    await publish(docker, app.image, { version: 'v2' });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    // Not even after an update, when its volume stands among what the container was created with.
    await publish(docker, claiming.image, { ...claims, version: 'v2' });
    expect(await service.update(claiming.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await service.update(app.name)).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
    for (const { name } of [claiming, given]) await docker.getContainer(name).remove({ force: true, v: true });
  });

  it('does not answer REQUIRE_LABEL, nor blur who did', async () => {
    const enabled = { [ours('enable')]: 'true' };
    const claiming = await run({ version: 'v1', labels: enabled });
    const labelled = await run({ version: 'v1' }, { Labels: { [ours('enable')]: 'Yes' } });
    const blurred = await run({ version: 'v1' }, { Labels: enabled });
    for (const { image } of [claiming, labelled, blurred])
      await publish(docker, image, { version: 'v2', labels: enabled });
    await service.useSettings({ REQUIRE_LABEL: 'true' });
    await service.ready();
    const asked = expect.stringContaining('REQUIRE_LABEL');
    expect(await service.update(claiming.name)).toMatchObject({ error: { code: 'refused', message: asked } });
    expect(await service.update(labelled.name)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(await service.update(blurred.name)).toMatchObject({ error: { code: 'refused', message: asked } });
    await expectUntouched(blurred);
  });
});
