import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service } from './support/service/service.js';

describeOnEngine('the policy and the containers', () => {
  const tokens = { narrow: randomUUID(), wide: randomUUID(), blind: randomUUID() };
  const enabled = { Labels: { 'trigger-docker-pull.enable': 'true' } };
  let service: Service;
  let web: App;
  let sidecar: string;
  let unlabelled: App;
  let disabled: App;
  let foreign: App;
  let image: string;

  beforeAll(async () => {
    keepSecret(...Object.values(tokens));
    image = uniqueImage('policy');
    web = await runApp(image, { version: 'v1' }, enabled);
    sidecar = uniqueName('sidecar');
    await publish(docker, image, { version: 'v1' });
    await (
      await docker.createContainer({
        name: sidecar,
        Image: image,
        Cmd: ['/bin/busybox', 'sleep', '3600'],
        HostConfig: { NetworkMode: `container:${web.id}` },
        ...enabled,
      })
    ).start();
    unlabelled = await runApp(uniqueImage('unlabelled'), { version: 'v1' });
    disabled = await runApp(uniqueImage('disabled'), { version: 'v1' }, enabled);
    foreign = await runApp(uniqueImage('foreign'), { version: 'v1' }, enabled);
    const path = join(mkdtempSync(join(tmpdir(), 'policy-')), 'policy.json');
    const repository = image.slice(0, image.lastIndexOf(':'));
    const actions = ['notify', 'read'];
    writeFileSync(
      path,
      JSON.stringify({
        tokens: [
          { id: 'narrow', env: 'NARROW', containers: [web.name], actions },
          { id: 'wide', env: 'WIDE', containers: [web.name, '*-sidecar-*'], actions },
          { id: 'blind', env: 'BLIND', containers: [unlabelled.name], actions: ['notify'] },
        ],
        containers: [
          { name: disabled.name, disabled: true },
          { name: foreign.name, repositories: ['ghcr.io/acme/*'] },
          { name: web.name, repositories: [repository], proof: 'running' },
          // The sidecar, too, has to prove itself: by the setting it would take a minute.
          { name: '*', settle: '300ms' },
        ],
      }),
    );
    service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      POLICY_PATH: path,
      REQUIRE_LABEL: 'true',
      SETTLE_TIME: '60s',
      NARROW: tokens.narrow,
      WIDE: tokens.wide,
      BLIND: tokens.blind,
    });
    await service.ready();
  });
  afterAll(() => service.stop());

  it.each([
    ['has no label', () => unlabelled, 'REQUIRE_LABEL'],
    ['is disabled', () => disabled, 'disabled by the policy file'],
    ['runs an image of another repository', () => foreign, 'ghcr.io/acme/* alone'],
  ])('a container that %s is refused before anything is pulled', async (_, app, words) => {
    expect(await service.update(app().name)).toMatchObject({
      status: 'failed',
      error: { code: 'refused', stage: 'inspect', message: expect.stringContaining(words) },
    });
    expect((await docker.getContainer(app().name).inspect()).Id).toBe(app().id);
  });

  it('one who may only notify learns the outcome and its reason, and not the record', async () => {
    const headers = { Authorization: `Bearer ${tokens.blind}` };
    const waited = await service.fetch(`/notify/${unlabelled.name}?wait=30`, { method: 'POST', headers });
    expect(waited.status).toBe(422);
    const { code, deployment } = (await waited.json()) as { code: string; deployment: { id: string } };
    expect(code).toBe('refused');
    expect(deployment).toMatchObject({ container: unlabelled.name, status: 'failed', error: { code: 'refused' } });
    expect(deployment).not.toHaveProperty('requestedBy');
    expect((await service.fetch(`/deployments/${deployment.id}`, { headers })).status).toBe(403);
    const drop = await service.fetch(`/deployments/${deployment.id}`, { method: 'DELETE', headers });
    expect(drop.status).toBe(409);
    expect((await drop.json()) as object).not.toHaveProperty('deployment.requestedBy');
    expect(await service.deployment(deployment.id)).toMatchObject({ requestedBy: 'blind' });
  });

  const updateAs = async (token: string) => {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await service.fetch(`/notify/${web.name}`, { method: 'POST', headers });
    expect(response.status).toBe(202);
    return service.settled(((await response.json()) as { id: string }).id, 60_000);
  };

  it('a dependent that would have to follow, but may not be touched, keeps the update from being done', async () => {
    await publish(docker, image, { version: 'v2' });
    expect(await updateAs(tokens.narrow)).toMatchObject({
      status: 'failed',
      requestedBy: 'narrow',
      error: { code: 'refused', stage: 'inspect', message: expect.stringContaining(sidecar) },
    });
    expect((await docker.getContainer(web.name).inspect()).Id).toBe(web.id);
    expect((await docker.getContainer(sidecar).inspect()).HostConfig.NetworkMode).toBe(`container:${web.id}`);
  });

  it('one who may touch both has both replaced, by the rules of the policy', async () => {
    const updated = await updateAs(tokens.wide);
    expect(updated).toMatchObject({ status: 'succeeded', result: 'updated', requestedBy: 'wide' });
    const { Id } = await docker.getContainer(web.name).inspect();
    expect((await docker.getContainer(sidecar).inspect()).HostConfig.NetworkMode).toBe(`container:${Id}`);
  });
});
