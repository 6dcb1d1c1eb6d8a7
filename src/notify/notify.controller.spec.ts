import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { FakeEngine, json } from '../../test/support/engine/fake-engine.js';
import { startApp, type InProcessApp } from '../../test/support/service/app.js';

const secretKey = 'the-holder-of-this-may-do-everything';
const digest = `sha256:${'a'.repeat(64)}`;

describe('POST /notify/{container} and /rollback/{container}', () => {
  let engine: FakeEngine;
  let app: InProcessApp;

  beforeAll(async () => {
    engine = await FakeEngine.start();
    engine.on('GET', /^\/containers\/[^/]+\/json/, json({ message: 'no such container' }, 404));
    app = await startApp({ SECRET_KEY: secretKey, DOCKER_HOST: engine.dockerHost, WAIT_LIMIT: '10s' });
  });
  afterAll(async () => {
    await app.close();
    engine.stop();
  });
  const post = (path: string): supertest.Test =>
    supertest(app.url).post(path).set('Authorization', `Bearer ${secretKey}`);

  it.each(['notify', 'rollback'])('accepts a %s with a record to look at', async (kind) => {
    const answer = await post(`/${kind}/accepted-${kind}`);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ container: `accepted-${kind}`, status: 'queued', coalesced: false });
    const { id } = answer.body as { id: string };
    expect(answer.headers.location).toBe(`/deployments/${id}`);
    const record = await supertest(app.url).get(`/deployments/${id}`).set('Authorization', `Bearer ${secretKey}`);
    expect(record.body).toMatchObject({ id, kind, container: `accepted-${kind}`, requestedBy: 'secret-key' });
  });

  it('answers how it ended to a caller that waits', async () => {
    const answer = await post('/notify/nobody?wait=10');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      code: 'no_such_container',
      deployment: { status: 'failed', container: 'nobody', error: { code: 'no_such_container', stage: 'inspect' } },
    });
  });

  it('takes the preference to wait, and says so', async () => {
    const answer = await post('/rollback/nobody-else').set('Prefer', 'respond-async, wait=3600');
    expect(answer.status).toBe(422);
    expect(answer.headers['preference-applied']).toBe('wait=10');
    expect(answer.headers.vary).toContain('Prefer');
  });

  it('answers 202 where it does not end in the time that the caller prefers', async () => {
    const answer = await post(`/notify/late?digest=${digest}`).set('Prefer', 'wait=0');
    expect(answer.status).toBe(202);
    expect(answer.headers['preference-applied']).toBe('wait=0');
  });

  it.each([
    ['wait=11', 'wait'],
    ['wait=-1', 'wait'],
    ['wait=1&wait=2', 'wait'],
    ['digest=sha256:abc', 'digest'],
    ['digest=', 'digest'],
    ['retry=yes', 'retry'],
    ['start=1', 'start'],
    ['dry_run=', 'dry_run'],
    ['kind=pod', 'kind'],
    ['host=a', 'host and parallel are for a fleet'],
    ['parallel=2', 'host and parallel are for a fleet'],
    ['parallel=0', 'parallel'],
    ['colour=red', 'colour'],
  ])('refuses ?%s before anything is enqueued', async (query, reason) => {
    const before = app.logs.length;
    const answer = await post(`/notify/refused?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_query', detail: expect.stringContaining(reason) });
    expect(app.logs.slice(before).filter((line) => line.includes('accepted notify'))).toEqual([]);
  });

  it.each(['digest=' + digest, 'dry_run=true', 'retry=true', 'start=true'])(
    'refuses ?%s of a rollback, which knows no such wish',
    async (query) => {
      expect((await post(`/rollback/web?${query}`)).status).toBe(400);
    },
  );

  it.each(['-web', 'web%2Fapi', 'w%20b', 'x'.repeat(256)])('refuses the name %s', async (name) => {
    for (const kind of ['notify', 'rollback']) {
      const answer = await post(`/${kind}/${name}`);
      expect([answer.status, (answer.body as { code: string }).code]).toEqual([400, 'invalid_container_name']);
    }
  });

  it.each(['/notify', '/rollback'])('refuses %s without a name', async (path) => {
    expect((await post(path)).body).toMatchObject({ status: 400, code: 'invalid_container_name' });
  });

  it.each([
    ['/notify/web', 'A notify is a POST.'],
    ['/rollback/web', 'A rollback is a POST.'],
  ])('says that %s is for POST', async (path, detail) => {
    const answer = await supertest(app.url).get(path).set('Authorization', `Bearer ${secretKey}`);
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    expect(answer.body).toMatchObject({ code: 'method_not_allowed', detail });
  });

  describe('?dry_run=true', () => {
    it('says what would become of it, with nothing enqueued', async () => {
      const answer = await post('/notify/nobody?dry_run=true');
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ container: 'nobody', eligible: false });
    });

    it('answers 503 where the engine answers badly', async () => {
      engine.on('GET', /^\/containers\/broken\/json/, (_, response) => response.writeHead(500).end('{"message":"oh"}'));
      const answer = await post('/notify/broken?dry_run=true');
      expect([answer.status, (answer.body as { code: string }).code]).toEqual([503, 'engine_error']);
      expect(answer.headers['retry-after']).toBe('10');
    });

    it('lets four ask at once, and no fifth', async () => {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      engine.on('GET', /^\/containers\/slow\/json/, (_, response) => {
        void released.then(() => response.writeHead(404).end('{"message":"no such container"}'));
      });
      const answers = Array.from({ length: 5 }, () => post('/notify/slow?dry_run=true').then(({ status }) => status));
      expect(await Promise.race(answers)).toBe(503);
      release();
      expect((await Promise.all(answers)).toSorted()).toEqual([200, 200, 200, 200, 503]);
      expect((await post('/notify/slow?dry_run=true')).status).toBe(200);
    });
  });
});
