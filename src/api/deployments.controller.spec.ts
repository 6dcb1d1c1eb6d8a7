import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { until } from '../../test/support/runner/until.js';
import { startApp, type InProcessApp } from '../../test/support/service/app.js';

const secretKey = 'the-holder-of-this-may-do-everything';
const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');

describe('/deployments', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-api-'));
  let app: InProcessApp;
  /** Waits for the engine, which never comes: what is asked for after it stays in the queue. */
  let running: string;

  const call = (method: 'get' | 'post' | 'delete', path: string, token = secretKey): supertest.Test =>
    supertest(app.url)[method](path).set('Authorization', `Bearer ${token}`);
  const notify = async (container: string, token = secretKey): Promise<string> =>
    ((await call('post', `/notify/${container}`, token)).body as { id: string }).id;
  const deploymentsOf = async (query: string, token = secretKey): Promise<{ id: string; container: string }[]> =>
    ((await call('get', `/deployments${query}`, token)).body as { deployments: { id: string; container: string }[] })
      .deployments;
  const codeOf = ({ status, body }: supertest.Response): unknown[] => [status, (body as { code?: string }).code];

  beforeAll(async () => {
    const path = join(folder, 'policy.json');
    const token = (id: string, containers: string[], ...actions: string[]): object => ({
      ...{ id, sha256: sha256(`token-${id}`), containers, actions },
    });
    const tokens = [
      token('web', ['web*'], 'notify', 'read'),
      token('read', ['*'], 'read'),
      token('notify', ['web*'], 'notify'),
      token('back', ['web*'], 'rollback'),
    ];
    writeFileSync(path, JSON.stringify({ tokens }));
    app = await startApp({
      ...{ SECRET_KEY: secretKey, POLICY_PATH: path, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
      ...{ ENGINE_WAIT: '600s', EVENT_STREAMS: '2' },
    });
    running = await notify('first');
    await until('the first to be taken', 10_000, async () =>
      (await deploymentsOf('?status=running')).length > 0 ? true : undefined,
    );
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  describe('the list', () => {
    it('is the newest first, with places in the queue', async () => {
      const [one, other] = [await notify('web-a'), await notify('web-b')];
      const found = await deploymentsOf('');
      expect(found.map(({ id }) => id)).toEqual([other, one, running]);
      expect(found).toMatchObject([{ position: 2 }, { position: 1 }, { status: 'running' }]);
    });

    it('is limited by container, status and number', async () => {
      expect((await deploymentsOf('?container=web-a')).map(({ container }) => container)).toEqual(['web-a']);
      expect((await deploymentsOf('?status=running')).map(({ container }) => container)).toEqual(['first']);
      expect(await deploymentsOf('?status=succeeded')).toEqual([]);
      expect(await deploymentsOf('?limit=1')).toHaveLength(1);
    });

    it.each(['limit=0', 'limit=x', 'status=waiting', 'container=', 'order=asc'])('refuses ?%s', async (query) => {
      expect(codeOf(await call('get', `/deployments?${query}`))).toEqual([400, 'invalid_query']);
    });

    it('has nothing that its reader may not see', async () => {
      const found = await deploymentsOf('', 'token-web');
      expect(found.length).toBeGreaterThan(0);
      expect(found.filter(({ container }) => !container.startsWith('web'))).toEqual([]);
      expect((await deploymentsOf('', 'token-read')).map(({ container }) => container)).toContain('first');
    });
  });

  describe('a deployment', () => {
    it('is shown, with its place while it waits', async () => {
      const id = await notify('web-shown');
      const answer = await call('get', `/deployments/${id}`, 'token-web');
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ id, container: 'web-shown', status: 'queued', position: expect.any(Number) });
      expect((await call('get', `/deployments/${running}`)).body).not.toHaveProperty('position');
    });

    it('is as unknown to those who may not see it as one that there never was', async () => {
      const answers = await Promise.all(
        [running, '00000000-0000-4000-8000-000000000000'].map((id) => call('get', `/deployments/${id}`, 'token-web')),
      );
      expect(answers.map(codeOf)).toEqual([
        [404, 'unknown_deployment'],
        [404, 'unknown_deployment'],
      ]);
      const [hidden, unknown] = answers.map(({ body }) => body as Record<string, unknown>);
      expect({ ...hidden, instance: '' }).toEqual({ ...unknown, instance: '' });
      expect(app.logs.some((line) => line.includes('"result":"hidden"') && line.includes('first'))).toBe(true);
    });

    it('is waited for as long as its reader says', async () => {
      const id = await notify('web-waited');
      expect(codeOf(await call('get', `/deployments/${id}?wait=0`))).toEqual([504, 'still_running']);
      const preferred = await call('get', `/deployments/${id}`).set('Prefer', 'wait=0');
      expect([preferred.status, preferred.headers.location]).toEqual([202, `/deployments/${id}`]);
      expect(preferred.body).toMatchObject({ id, position: expect.any(Number) });
    });
  });

  describe('DELETE', () => {
    it('takes a deployment out of the queue, for whoever may ask for one', async () => {
      const id = await notify('web-dropped');
      const answer = await call('delete', `/deployments/${id}`, 'token-notify');
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ id, status: 'dropped', error: { code: 'cancelled' } });
      expect(codeOf(await call('delete', `/deployments/${id}`))).toEqual([409, 'already_finished']);
      expect((await call('get', `/deployments/${id}?wait=5`)).status).toBeGreaterThanOrEqual(400);
    });

    it('stops none that runs', async () => {
      const answer = await call('delete', `/deployments/${running}`);
      expect(codeOf(answer)).toEqual([409, 'already_running']);
      expect(answer.body).toMatchObject({ deployment: { id: running, status: 'running' } });
    });

    it('is refused to those who may do something else with the container', async () => {
      const id = await notify('web-kept');
      const rollback = await call('delete', `/deployments/${id}`, 'token-back');
      expect(codeOf(rollback)).toEqual([403, 'insufficient_scope']);
      expect(rollback.headers['www-authenticate']).toContain('scope="notify"');
      expect((await call('delete', `/deployments/${id}`, 'token-read')).status).toBe(403);
      expect((await call('get', `/deployments/${id}`)).body).toMatchObject({ status: 'queued' });
    });

    it('of a deployment of another container finds nothing', async () => {
      const id = await notify('api');
      expect(codeOf(await call('delete', `/deployments/${id}`, 'token-notify'))).toEqual([404, 'unknown_deployment']);
      expect((await call('get', `/deployments/${id}`)).body).toMatchObject({ status: 'queued' });
    });
  });

  describe('the events', () => {
    /** Streams that are open, which a test closes. */
    const follow = (id: string, token = secretKey): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        get(`${app.url}/deployments/${id}/events`, { headers: { Authorization: `Bearer ${token}` } }, resolve).on(
          'error',
          reject,
        );
      });

    it('begin with the record and end with the deployment', async () => {
      const id = await notify('web-followed');
      const stream = await follow(id, 'token-web');
      expect(stream.headers['content-type']).toMatch(/^text\/event-stream/);
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      const ended = new Promise((resolve) => stream.once('end', resolve));
      await until('the snapshot', 5000, () => (text.includes('event: snapshot') ? true : undefined));
      await call('delete', `/deployments/${id}`);
      await ended;
      expect([...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name)).toEqual(['snapshot', 'done']);
      expect(text).toContain('"status":"dropped"');
    });

    it('are unknown where the deployment is', async () => {
      expect(codeOf(await call('get', `/deployments/${running}/events`, 'token-web'))).toEqual([
        404,
        'unknown_deployment',
      ]);
    });

    it('leave a stream for the next caller', async () => {
      const id = await notify('web-watched');
      const open = [await follow(id, 'token-web')];
      const refused = await call('get', `/deployments/${id}/events`, 'token-web');
      expect(codeOf(refused)).toEqual([503, 'too_many_streams']);
      open.push(await follow(id, secretKey));
      expect(codeOf(await call('get', `/deployments/${id}/events`))).toEqual([503, 'too_many_streams']);
      for (const stream of open) stream.destroy();
      await until('a stream to be free', 5000, async () => {
        const stream = await follow(id, 'token-web');
        stream.destroy();
        return stream.statusCode === 200 || undefined;
      });
    });
  });

  it.each<[string, string]>([
    ['/deployments', 'GET'],
    ['/deployments/x', 'GET, DELETE'],
    ['/deployments/x/events', 'GET'],
  ])('says which methods there are for %s', async (path, allowed) => {
    const answer = await call('post', path);
    expect([...codeOf(answer), answer.headers.allow]).toEqual([405, 'method_not_allowed', allowed]);
  });

  it('describes itself to anybody', async () => {
    const answer = await supertest(app.url).get('/openapi.json');
    expect(answer.status).toBe(200);
    expect((answer.body as { paths: object }).paths).toHaveProperty(['/deployments/{id}']);
  });
});
