import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'node:http';
import { once } from 'node:events';
import type { Deployment } from '../src/deployments/deployment.js';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, uniqueImage } from './support/runner/environment.js';
import { FakeEngine } from './support/engine/fake-engine.js';
import { holdAt } from './support/service/hold.js';
import { publish } from './support/fixtures/images.js';
import { proxiedService } from './support/service/proxied-service.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

const noSuchContainer = 'there-is-no-such-container';

describeOnEngine('a caller that waits for the outcome', () => {
  const rig = proxiedService();

  const post = (container: string, query: string, headers: Record<string, string> = {}): Promise<Response> =>
    rig.service.fetch(`/notify/${container}${query}`, { method: 'POST', headers });
  const body = async (response: Response): Promise<Record<string, unknown>> =>
    (await response.json()) as Record<string, unknown>;
  const updatable = async (what: string): Promise<App> => {
    const image = uniqueImage(what);
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    return app;
  };

  it('gets 200 with the record: updated, and up_to_date the next time', async () => {
    const app = await updatable('waited');
    const updated = await post(app.name, '?wait=50');
    expect(updated.status).toBe(200);
    expect(await body(updated)).toMatchObject({ container: app.name, status: 'succeeded', result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');
    const again = await post(app.name, '?wait=50');
    expect(again.status).toBe(200);
    expect(await body(again)).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
  });

  it('gets its own answer where three share one deployment and one update', async () => {
    const app = await updatable('shared');
    const { reached, letGo } = holdAt(rig.proxy, noSuchContainer);
    const first = await body(await post(noSuchContainer, ''));
    await reached;
    const waiting = [post(app.name, '?wait=50'), post(app.name, '?wait=50'), post(app.name, '', { Prefer: 'wait=50' })];
    await until(
      'all three to be accepted',
      5000,
      () =>
        rig.service.logs.filter(({ context, container }) => context === 'Notify' && container === app.name).length ===
          3 || undefined,
    );
    letGo();
    const answers = await Promise.all(waiting);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const records = (await Promise.all(answers.map(body))) as unknown as Deployment[];
    expect(new Set(records.map(({ id }) => id)).size).toBe(1);
    expect(records[0]).toMatchObject({ status: 'succeeded', result: 'updated', coalesced: 2 });
    expect(rig.proxy.calls.filter(({ path }) => path.startsWith('/containers/create'))).toHaveLength(1);
    expect(await rig.service.settled(String(first.id))).toMatchObject({ status: 'failed' });
  });

  it('gets 422 where it failed, and where it was rolled back; a plain GET of the same is 200', async () => {
    const failed = await post(noSuchContainer, '?wait=50');
    expect(failed.status).toBe(422);
    expect(failed.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = await body(failed);
    expect(problem).toMatchObject({
      status: 422,
      code: 'no_such_container',
      detail: expect.stringContaining(noSuchContainer),
      deployment: { container: noSuchContainer, status: 'failed' },
    });
    const { id } = problem.deployment as Deployment;
    expect((await rig.service.fetch(`/deployments/${id}`)).status).toBe(200);
    expect((await rig.service.fetch(`/deployments/${id}?wait=0`)).status).toBe(422);

    const image = uniqueImage('broken');
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2', cmd: ['/bin/sh', '-c', 'echo no config; exit 3'] });
    const rolledBack = await post(app.name, '?wait=50');
    expect(rolledBack.status).toBe(422);
    expect(await body(rolledBack)).toMatchObject({
      code: 'exited',
      deployment: { status: 'rolled_back', error: { exitCode: 3, logTail: ['no config'] } },
    });
    expect(await versionAt(app.port)).toBe('v1');
  });

  it('gets 504 still_running when its time is over, with the place to ask again; the update goes on', async () => {
    const app = await updatable('slow');
    const { reached, letGo } = holdAt(rig.proxy, app.name);
    const response = await post(app.name, '?wait=0');
    expect(response.status).toBe(504);
    const problem = await body(response);
    expect(problem).toMatchObject({ code: 'still_running', deployment: { container: app.name } });
    const location = String(response.headers.get('location'));
    expect(location).toBe(`/deployments/${(problem.deployment as Deployment).id}`);
    await reached;
    const stillRunning = await rig.service.fetch(`${location}?wait=1`);
    expect(stillRunning.status).toBe(504);
    expect(await body(stillRunning)).toMatchObject({ deployment: { status: 'running' } });
    const waiting = rig.service.fetch(`${location}?wait=50`);
    letGo();
    expect((await waiting).status).toBe(200);
    expect(await versionAt(app.port)).toBe('v2');
  });

  it('RFC 7240: a preference is told as applied, answered 202 where it cannot be met, and ignored where it is odd', async () => {
    const app = await updatable('preferred');
    const { letGo } = holdAt(rig.proxy, app.name);
    const accepted = await post(app.name, '', { Prefer: 'respond-async, wait=1' });
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('preference-applied')).toBe('wait=1');
    expect(accepted.headers.get('vary')).toContain('Prefer');
    const location = String(accepted.headers.get('location'));
    expect(await body(accepted)).toMatchObject({ container: app.name, status: 'queued' });
    const unfinished = await rig.service.fetch(location, { headers: { Prefer: 'wait=0' } });
    expect(unfinished.status).toBe(202);
    expect(await body(unfinished)).toMatchObject({ status: 'running' });
    const waiting = rig.service.fetch(location, { headers: { Prefer: 'wait=999999' } });
    letGo();
    const finished = await waiting;
    expect(finished.status).toBe(200);
    expect(finished.headers.get('preference-applied')).toBe('wait=600');
    expect(await body(finished)).toMatchObject({ status: 'succeeded' });
    const odd = await rig.service.fetch(location, { headers: { Prefer: 'wait=soon' } });
    expect([odd.status, odd.headers.get('preference-applied')]).toEqual([200, null]);
  });

  it('cancels nothing when it hangs up', async () => {
    const app = await updatable('hung-up');
    const { reached, letGo } = holdAt(rig.proxy, app.name);
    const caller = new AbortController();
    const waiting = fetch(`${rig.service.url}/notify/${app.name}?wait=50`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${Service.secret}`, 'X-Request-Id': `hang-up-${app.name}` },
      signal: caller.signal,
    });
    await reached;
    caller.abort();
    await expect(waiting).rejects.toThrow();
    await rig.service.logged(
      ({ context, requestId, hungUp }) => context === 'Http' && requestId === `hang-up-${app.name}` && hungUp === true,
    );
    letGo();
    await until('the update', 30_000, async () => ((await versionAt(app.port)) === 'v2' ? true : undefined));
  });

  it('is one of 200 that wait at once, and all are answered', async () => {
    const app = await updatable('crowd');
    const { reached, letGo } = holdAt(rig.proxy, app.name);
    const { id } = await body(await post(app.name, ''));
    await reached;
    const waiting = Array.from({ length: 200 }, (_, index) =>
      rig.service.fetch(`/deployments/${String(id)}?wait=50`, { headers: { 'X-Request-Id': `crowd-${index}` } }),
    );
    // While they wait, others are answered.
    expect((await rig.service.fetch(`/deployments/${String(id)}`)).status).toBe(200);
    letGo();
    const answers = await Promise.all(waiting);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it.each(['?wait=-1', '?wait=601', '?wait=soon', '?wait=', '?wait=1&wait=2', '?wiat=50'])(
    'gets 400 to %s, and nothing is enqueued',
    async (query) => {
      const response = await post('never-enqueued', query);
      expect(response.status).toBe(400);
      expect(await body(response)).toMatchObject({ code: 'invalid_query', detail: expect.stringMatching(/wait|wiat/) });
      const told = rig.service.logs.filter(({ container }) => container === 'never-enqueued');
      expect(told.filter(({ context }) => context !== 'Audit')).toEqual([]);
    },
  );
});

describe('a stop of the service while callers wait', () => {
  let service: Service;
  afterEach(() => service.kill());

  it('answers 503 to all of them, lets go of connections that are kept alive, and ends in time', async () => {
    service = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', ENGINE_WAIT: '60s' });
    const agent = new Agent({ keepAlive: true });
    const wait = async (
      container: string,
    ): Promise<{ status: number; retryAfter: number; body: Record<string, unknown> }> => {
      const outgoing = request(`${service.url}/notify/${container}?wait=50`, {
        agent,
        method: 'POST',
        headers: { Authorization: `Bearer ${Service.secret}` },
      }).end();
      const [answer] = (await once(outgoing, 'response')) as [
        AsyncIterable<Buffer> & { statusCode: number; headers: Record<string, string> },
      ];
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      return {
        status: answer.statusCode,
        retryAfter: Number(answer.headers['retry-after']),
        body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
      };
    };
    const names = ['running', 'waiting', 'waiting', 'too'];
    const waiting = names.map(wait);
    await until(
      'all to be accepted',
      5000,
      () => service.logs.filter(({ context }) => context === 'Notify').length === names.length || undefined,
    );
    const started = performance.now();
    expect(await service.stop('SIGTERM')).toBe(0);
    // docker stop kills after 10 s
    expect(performance.now() - started).toBeLessThan(10_000);
    for (const answer of await Promise.all(waiting)) {
      expect(answer.status).toBe(503);
      expect(answer.retryAfter).toBeGreaterThan(0);
      expect(answer.body).toMatchObject({ deployment: { status: 'dropped' } });
      expect(['stopping', 'interrupted']).toContain(answer.body.code);
    }
    agent.destroy();
  });

  it('answers 503 also where the running update does not end in time', async () => {
    const hanging = await FakeEngine.start();
    hanging.on('GET', /^\/containers\/stuck\/json/, () => undefined);
    service = await Service.start({ DOCKER_HOST: hanging.dockerHost, DRAIN_TIMEOUT: '1s' });
    const waiting = service.fetch('/notify/stuck?wait=50', { method: 'POST' });
    await until('the update to hang', 5000, () => hanging.calls.includes('GET /containers/stuck/json') || undefined);
    expect(await service.stop('SIGTERM')).toBe(0);
    const answer = await waiting;
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'interrupted', deployment: { status: 'dropped' } });
    hanging.stop();
  });
});
