import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { SimulatedEngine } from './support/engine/simulated-engine.js';
import { startApp, type InProcessApp } from './support/service/app.js';

const secretKey = 'the-holder-of-this-may-do-everything';
const image = 'registry.example/web:1';

/** All of the service in this process, from the request to the calls to an engine in memory. */
describe('an update, in process', () => {
  let engine: SimulatedEngine;
  let app: InProcessApp;

  beforeAll(async () => {
    engine = await SimulatedEngine.start();
    const fast = { SETTLE_TIME: '0.1s', PROOF_TIMEOUT: '2s' };
    app = await startApp({ SECRET_KEY: secretKey, DOCKER_HOST: engine.dockerHost, ...fast });
  });
  afterEach(() => {
    engine.clear();
  });
  afterAll(async () => {
    await app.close();
    engine.stop();
  });

  const post = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await supertest(app.url).post(path).set('Authorization', `Bearer ${secretKey}`);
    return { status: answer.status, body: answer.body as Record<string, unknown> };
  };
  const names = (): string[] => [...engine.containers.values()].map(({ Name }) => Name.slice(1)).toSorted();

  it('replaces the container by one from the new image, and removes the old one', async () => {
    const RestartPolicy = { Name: 'always', MaximumRetryCount: 0 };
    const old = engine.run('web', image, {}, { RestartPolicy });
    const { Id } = engine.serveImage(image, 2);
    const { status, body } = await post('/notify/web?wait=20');
    expect(body).toMatchObject({ status: 'succeeded', result: 'updated', toImageId: Id });
    expect(status).toBe(200);
    expect(names()).toEqual(['web']);
    expect(engine.byName('web')).toMatchObject({ Image: Id, State: { Running: true } });
    expect(engine.byName('web')?.Id).not.toBe(old.Id);
    expect(engine.byName('web')?.HostConfig.RestartPolicy?.Name).toBe('always');
  });

  it('touches nothing where the registry serves the same image', async () => {
    const old = engine.run('web', image);
    const { body } = await post('/notify/web?wait=20');
    expect(body).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
    expect(engine.byName('web')).toEqual(old);
  });

  it('puts the old container back where the new one fails, and does not try its image again', async () => {
    const old = engine.run('web', image);
    const { Id } = engine.serveImage(image, 2);
    engine.failing.add(Id);
    const { status, body } = await post('/notify/web?wait=20');
    expect(status).toBe(422);
    expect(body).toMatchObject({ deployment: { status: 'rolled_back', error: { code: 'exited', exitCode: 1 } } });
    expect(names()).toEqual(['web']);
    expect(engine.byName('web')).toMatchObject({ Id: old.Id, State: { Running: true } });
    expect((await post('/notify/web?wait=20')).body).toMatchObject({ code: 'known_bad' });
    engine.failing.clear();
    expect((await post('/notify/web?wait=20&retry=true')).body).toMatchObject({ result: 'updated' });
  });

  it('goes back to the image before', async () => {
    engine.run('web', image);
    const before = engine.byName('web')?.Image;
    engine.serveImage(image, 2);
    await post('/notify/web?wait=20');
    const { body } = await post('/rollback/web?wait=20');
    expect(body).toMatchObject({ status: 'succeeded', kind: 'rollback', toImageId: before });
    expect(engine.byName('web')?.Image).toBe(before);
  });

  it('touches nothing where the registry has no such image', async () => {
    const old = engine.run('web', image);
    engine.registry.clear();
    const { body } = await post('/notify/web?wait=20');
    expect(body).toMatchObject({ deployment: { status: 'failed', error: { stage: 'pull' } } });
    expect(engine.byName('web')).toEqual(old);
  });

  it('proves the new container beside the old one with start-first', async () => {
    engine.run('web', image, {
      Labels: { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '0s' },
    });
    const { Id } = engine.serveImage(image, 2);
    const { body } = await post('/notify/web?wait=20');
    expect(body).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(engine.byName('web')?.Image).toBe(Id);
    expect(names()).toEqual(['web']);
  });

  it('takes along the containers that share its network', async () => {
    const old = engine.run('web', image);
    engine.run('sidecar', 'registry.example/sidecar:1', {}, { NetworkMode: `container:${old.Id}` });
    engine.serveImage(image, 2);
    const { body } = await post('/notify/web?wait=20');
    expect(body).toMatchObject({ result: 'updated', dependents: [{ name: 'sidecar' }] });
    expect(names()).toEqual(['sidecar', 'web']);
    expect(engine.byName('sidecar')?.HostConfig.NetworkMode).toBe(`container:${engine.byName('web')?.Id ?? ''}`);
  });

  it('puts right what an update that was cut off has left behind, before the next one', async () => {
    const old = engine.run('web', image);
    engine.containers.set(old.Id, {
      ...old,
      Name: `/web-upd-old-${old.Id.slice(0, 12)}`,
      State: { ...old.State, Running: false, Status: 'exited', FinishedAt: new Date().toISOString() },
    });
    const { body } = await post('/notify/web?wait=20');
    expect(body).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
    expect(engine.byName('web')).toMatchObject({ Id: old.Id, State: { Running: true } });
  });

  it('keeps both containers stopped where the container asks for that', async () => {
    const old = engine.run('web', image, { Labels: { 'trigger-docker-pull.on-failure': 'stop' } });
    engine.failing.add(engine.serveImage(image, 2).Id);
    const { body } = await post('/notify/web?wait=20');
    expect(body).toMatchObject({ deployment: { status: 'failed', error: { code: 'kept_stopped' } } });
    expect(names()).toEqual(['web', `web-upd-kept-${old.Id.slice(0, 12)}`]);
    expect((await post('/notify/web?wait=20')).body).toMatchObject({ code: 'refused' });
  });

  it('says beforehand what would become of it, and touches nothing', async () => {
    const old = engine.run('web', image);
    engine.serveImage(image, 2);
    const { status, body } = await post('/notify/web?dry_run=true');
    expect([status, body.eligible]).toEqual([200, true]);
    expect(engine.byName('web')).toEqual(old);
  });

  it('makes no call that the engine in memory does not know', () => {
    expect(engine.unexpected).toEqual([]);
  });
});
