import { beforeAll, expect, it } from '@jest/globals';
import type { UpdatePlan } from '../src/docker/plan/plan.js';
import { runApp, type App } from './support/fixtures/apps.js';
import { runCommand } from './support/runner/command.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { holdAt } from './support/service/hold.js';
import { publish } from './support/fixtures/images.js';
import { proxiedService } from './support/service/proxied-service.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const check = (names: string[], env: Record<string, string> = {}): ReturnType<typeof runCommand> =>
  runCommand(['check', ...names], { DOCKER_HOST: testEnvironment().dockerHost, ...env });

describeOnEngine('the plan of an update', () => {
  const secret = 'postgres://app:hunter22@db/app';
  const rig = proxiedService();
  let image: string;
  let app: App;

  beforeAll(async () => {
    image = uniqueImage('planned');
    app = await runApp(
      image,
      {
        version: 'v1',
        env: { IMAGE_MODE: 'fast' },
        config: { Healthcheck: { Test: ['CMD', '/bin/sh', '-c', 'true'], Interval: 1e9 } },
      },
      { Env: [`DATABASE_URL=${secret}`], Labels: { team: 'shop' } },
    );
  });

  const ask = (name: string, query = 'dry_run=true'): Promise<Response> =>
    rig.service.fetch(`/notify/${name}?${query}`, { method: 'POST' });
  const planOf = async (name: string): Promise<UpdatePlan> => {
    const response = await ask(name);
    expect(response.status).toBe(200);
    return (await response.json()) as UpdatePlan;
  };

  it('says how it would go, whose values are whose, and touches nothing', async () => {
    await publish(docker, image, { version: 'v2' });
    const before = await docker.getContainer(app.id).inspect();
    rig.proxy.reset();
    const plan = await planOf(app.name);
    expect(plan).toMatchObject({
      container: app.name,
      image,
      fromImageId: before.Image,
      fromDigest: expect.stringMatching(/^sha256:/),
      eligible: true,
      order: 'stop-first',
      onFailure: 'rollback',
      proof: { mode: 'healthy' },
      startFirst: { possible: false, reason: expect.stringContaining('port') },
      dependents: [],
      values: {
        user: expect.arrayContaining(['Env.DATABASE_URL', 'Labels.team']),
        image: expect.arrayContaining(['Env.IMAGE_MODE', 'Cmd', 'Healthcheck.Test']),
      },
    });
    expect(JSON.stringify(plan)).not.toContain('hunter22');
    expect(rig.proxy.calls.length).toBeGreaterThan(0);
    expect(rig.proxy.calls.filter(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([]);
    expect(rig.proxy.calls.filter(({ path }) => path.includes('/distribution/'))).toEqual([]);
    expect(await docker.getContainer(app.id).inspect()).toMatchObject({ Id: before.Id, Image: before.Image });
    expect(await rig.service.list()).toEqual([]);
    // What was planned is what happens.
    const deployment = await rig.service.update(app.name);
    expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', fromImageId: before.Image });
  });

  it('names the dependents, and says where start-first is possible', async () => {
    const [shared, alone] = [uniqueName('shared'), uniqueName('alone')];
    const sidecar = await docker.createContainer({
      name: shared,
      Image: image,
      HostConfig: { NetworkMode: `container:${app.name}` },
    });
    const worker = await docker.createContainer({
      name: alone,
      Image: image,
      Labels: { 'trigger-docker-pull.proof': 'none' },
    });
    expect(await planOf(app.name)).toMatchObject({ eligible: true, dependents: [shared] });
    expect(await planOf(alone)).toMatchObject({ startFirst: { possible: true }, proof: { mode: 'none' } });
    await Promise.all([sidecar.remove({ force: true }), worker.remove({ force: true })]);
  });

  it.each([
    ['a pinned image', 'image_pinned', async () => ({ Image: (await docker.getImage(image).inspect()).Id })],
    ['a label that wants it left alone', 'refused', () => ({ Labels: { 'trigger-docker-pull.enable': 'false' } })],
    [
      '--rm with on-failure=stop',
      'refused',
      () => ({ Labels: { 'trigger-docker-pull.on-failure': 'stop' }, HostConfig: { AutoRemove: true } }),
    ],
    [
      'a wish for start-first that cannot be granted',
      'refused',
      () => ({
        Labels: { 'trigger-docker-pull.order': 'start-first' },
        HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] } },
      }),
    ],
    ['a misspelt label', 'refused', () => ({ Labels: { 'trigger-docker-pull.prof': 'none' } })],
  ])('is a refusal with the reason of the update itself for %s', async (_, code, options) => {
    const container = await docker.createContainer({ name: uniqueName('refused'), Image: image, ...(await options()) });
    await container.start();
    const { Name } = await container.inspect();
    const plan = await planOf(Name.slice(1));
    expect(plan).toMatchObject({ eligible: false, refusal: { code } });
    await publish(docker, image, { version: uniqueName('next') });
    const { error } = await rig.service.update(Name.slice(1));
    expect('refusal' in plan && { ...plan.refusal }).toEqual({
      code: error?.code,
      stage: error?.stage,
      message: error?.message,
    });
    await container.remove({ force: true });
  });

  it('is a refusal for a container that there is not', async () => {
    expect(await planOf('no-such-container')).toEqual({
      container: 'no-such-container',
      eligible: false,
      refusal: { code: 'no_such_container', stage: 'inspect', message: expect.stringContaining('no-such-container') },
    });
  });

  it('is answered for so many at once, and goes on answering when they have their answers', async () => {
    const { letGo } = holdAt(rig.proxy, app.name);
    const held = Array.from({ length: 4 }, () => ask(app.name));
    const looks = (): number => rig.proxy.calls.filter(({ path }) => path === `/containers/${app.name}/json`).length;
    await until('all of them to look at the container', 10_000, () => looks() === held.length || undefined);
    const refused = await ask(app.name);
    letGo();
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true]);
    expect(await refused.json()).toMatchObject({ code: 'too_many_dry_runs' });
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await ask(app.name)).status).toBe(200);
  });

  it('is 503 with the code where the engine is away, and 400 for a word that is neither', async () => {
    const lonely = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    const response = await lonely.fetch('/notify/web?dry_run=true', { method: 'POST' });
    expect([response.status, response.headers.has('retry-after')]).toEqual([503, true]);
    expect(await response.json()).toMatchObject({ code: 'engine_unreachable' });
    await lonely.stop();
    for (const query of ['dry_run=1', 'dry_run=', 'dry_run', 'dry_run=true&dry_run=true', 'dry-run=true']) {
      expect([query, (await ask(app.name, query)).status]).toEqual([query, 400]);
    }
  });

  it('of all containers is a table; of those that are named the whole of it', async () => {
    const refused = await docker.createContainer({
      name: uniqueName('refused'),
      Image: image,
      Labels: { 'trigger-docker-pull.enable': 'false' },
    });
    const all = await check([]);
    expect(all.output).toMatch(/^CONTAINER +IMAGE +UPDATE/);
    expect(all.output).toMatch(new RegExp(`^${app.name} +${image} +stop-first`, 'm'));
    expect(all.output).toMatch(/\(\d+\) \S+ has the label trigger-docker-pull.enable=false/);
    expect(all.output).not.toContain('hunter22');
    expect(all.code).toBe(1);
    await refused.remove({ force: true });
    const one = await check([app.name], { SETTLE_TIME: '500ms' });
    expect(JSON.parse(one.output)).toEqual([await planOf(app.name)]);
    expect(one.code).toBe(0);
    expect(await check([], { DOCKER_HOST: 'unix:///nowhere/docker.sock' })).toMatchObject({
      code: 2,
      output: expect.stringContaining('/nowhere/docker.sock'),
    });
  });
});
