import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { rawRequest } from './support/service/raw-http.js';
import { freePort } from './support/registry/registry.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

/** The request path never touches Docker: all of this holds without an engine. */
const noEngine = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

describe('the HTTP interface', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ ...noEngine, QUEUE_SIZE: '2', ENGINE_WAIT: '60s' });
    // The first one is taken and waits for the engine; from now on the queue holds what comes.
    await service.notify('first');
    await until('the first one to be taken', 5000, async () => {
      const { details } = (await (await service.fetch('/health')).json()) as { details: { worker: { busy: boolean } } };
      return details.worker.busy || undefined;
    });
  });
  afterAll(() => service.stop());

  const problem = async (response: Response): Promise<Record<string, unknown>> => {
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const body = (await response.json()) as Record<string, unknown>;
    expect(body).toMatchObject({
      status: response.status,
      type: `urn:trigger-docker-pull:problem:${String(body.code)}`,
    });
    return body;
  };

  describe('POST /notify/{container}', () => {
    it('S5: answers 202 at once, with a record to look at', async () => {
      const started = performance.now();
      const response = await service.notify('web');
      expect(performance.now() - started).toBeLessThan(1000);
      expect(response.status).toBe(202);
      const body = (await response.json()) as Record<string, unknown>;
      expect(body).toEqual({
        container: 'web',
        id: expect.any(String),
        status: 'queued',
        coalesced: false,
        position: 1,
      });
      expect(response.headers.get('location')).toBe(`/deployments/${String(body.id)}`);
      expect(await service.deployment(String(body.id))).toMatchObject({
        id: body.id,
        container: 'web',
        status: 'queued',
        requestedBy: 'secret-key',
      });
    });

    it('S13: joins the request of the same container that waits', async () => {
      const first = (await (await service.notify('web')).json()) as Record<string, unknown>;
      const second = (await (await service.notify('web')).json()) as Record<string, unknown>;
      expect(second).toMatchObject({ id: first.id, coalesced: true, position: 1 });
    });

    it('S7: answers 503 when the queue is full, enqueues nothing, and still lets a waiting container be joined', async () => {
      expect((await service.notify('api')).status).toBe(202);
      const response = await service.notify('one-too-many');
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await problem(response)).toMatchObject({ code: 'queue_full' });
      const joined = await service.notify('web');
      expect(joined.status).toBe(202);
      expect(await joined.json()).toMatchObject({ coalesced: true });
      expect(
        service.logs.filter(({ container, context }) => container === 'one-too-many' && context !== 'Audit'),
      ).toEqual([]);
    });

    it.each([
      ['/notify', 'none'],
      ['/notify/', 'empty'],
      ['/notify/%20', 'blank'],
      ['/notify/a%2Fb', 'an encoded slash'],
      ['/notify/%2e%2e', 'encoded dots'],
      ['/notify/%2Fweb', 'a leading slash'],
      ['/notify/web%00', 'a control character'],
      ['/notify/web%0A', 'a line break'],
      ['/notify/%zz', 'broken encoding'],
      ['/notify/%ff', 'broken UTF-8'],
      ['/notify/w%C3%A9b', 'a letter outside ASCII'],
      ['/notify/-web', 'a leading hyphen'],
      ['/notify/w', 'one character'],
      [`/notify/${'a'.repeat(256)}`, 'too long'],
    ])('S8: answers 400 to %s (%s), and says the rule', async (path) => {
      const { status, body } = await rawRequest(service.port, [
        `POST ${path} HTTP/1.1`,
        'Host: x',
        `Authorization: Bearer ${Service.secret}`,
        'Content-Length: 0',
      ]);
      expect(status).toBe(400);
      expect(JSON.parse(body)).toMatchObject({
        code: 'invalid_container_name',
        detail: expect.stringContaining('2 to 255 letters'),
      });
    });

    it('ignores a body, whatever it is', async () => {
      const { status } = await rawRequest(
        service.port,
        [
          'POST /notify/web HTTP/1.1',
          'Host: x',
          `Authorization: Bearer ${Service.secret}`,
          'Content-Type: application/json',
          'Content-Length: 7',
        ],
        '{broken',
      );
      expect(status).toBe(202);
    });

    it('answers 413 to a body that announces more than 1 MiB, but 401 comes first', async () => {
      const lines = ['POST /notify/web HTTP/1.1', 'Host: x', 'Content-Length: 1048577'];
      expect((await rawRequest(service.port, lines)).status).toBe(401);
      expect((await rawRequest(service.port, [...lines, `Authorization: Bearer ${Service.secret}`])).status).toBe(413);
    });
  });

  describe('S6, S10: the bearer', () => {
    const secret = Service.secret;
    const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `X-H-${at}: x`);

    it('refuses a request with more than 100 headers, where a second one could hide', async () => {
      const { status, body } = await rawRequest(service.port, [
        'POST /notify/never-enqueued HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${secret}`,
        ...many(150),
        'Authorization: Bearer wrong',
      ]);
      expect(status).toBe(431);
      expect(JSON.parse(body)).toMatchObject({ code: 'too_many_headers' });
    });

    it.each([
      ['is missing', []],
      ['is of another scheme', ['Authorization: Basic dTpw']],
      ['is empty', ['Authorization: Bearer ']],
      ['is wrong', ['Authorization: Bearer wrong']],
      ['is a prefix of the secret', [`Authorization: Bearer ${secret.slice(0, -1)}`]],
      ['is the secret and a byte', [`Authorization: Bearer ${secret}x`]],
      ['has no scheme', [`Authorization: ${secret}`]],
      ['is two tokens', [`Authorization: Bearer ${secret} ${secret}`]],
      ['is there twice', [`Authorization: Bearer ${secret}`, 'Authorization: Bearer wrong']],
      ['is there twice, and right', [`Authorization: Bearer ${secret}`, `Authorization: Bearer ${secret}`]],
      [
        'is there again after 90 other headers',
        [`Authorization: Bearer ${secret}`, ...many(90), 'Authorization: Bearer wrong'],
      ],
      ['is 10 kB long', [`Authorization: Bearer ${'x'.repeat(10_000)}`]],
    ])('answers 401 where it %s', async (_, headers) => {
      const { status, head, body } = await rawRequest(service.port, [
        'POST /notify/never-enqueued HTTP/1.1',
        'Host: x',
        'Content-Length: 0',
        ...headers,
      ]);
      expect(status).toBe(401);
      expect(head).toMatch(/www-authenticate: Bearer realm="trigger-docker-pull"/i);
      expect(head.includes('error="invalid_token"')).toBe(headers.length > 0);
      expect(JSON.parse(body)).toMatchObject({ code: 'unauthorized' });
      expect(service.logs.filter(({ container }) => container === 'never-enqueued')).toEqual([]);
    });

    it.each(['bearer', 'BEARER', 'Bearer'])('takes the scheme %p in any case', async (scheme) => {
      expect(
        (await service.fetch('/notify/web', { method: 'POST', headers: { Authorization: `${scheme} ${secret}` } }))
          .status,
      ).toBe(202);
    });

    it.each([
      ['GET', '/notify/web'],
      ['DELETE', '/notify/web'],
      ['GET', '/notify'],
      ['POST', '/notify/%20'],
      ['POST', '/notify/%zz'],
      ['GET', '/deployments/x'],
      ['PUT', '/deployments/x'],
      ['GET', '/deployments?limit=x'],
      ['DELETE', '/deployments/x'],
      ['GET', '/deployments/x/events'],
    ])('comes before everything else on a known path: %s %s', async (method, path) => {
      const { status } = await rawRequest(service.port, [`${method} ${path} HTTP/1.1`, 'Host: x', 'Content-Length: 0']);
      expect(status).toBe(401);
    });
  });

  it.each([
    ['GET', '/notify/web', 'POST'],
    ['PUT', '/notify', 'POST'],
    ['PUT', '/notify/', 'POST'],
    ['POST', '/deployments/x', 'GET, DELETE'],
    ['DELETE', '/deployments', 'GET'],
    ['POST', '/deployments/x/events', 'GET'],
  ])('answers 405 to %s %s', async (method, path, allowed) => {
    const response = await service.fetch(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allowed);
    expect(await problem(response)).toMatchObject({ code: 'method_not_allowed' });
  });

  it.each([
    ['POST', '/Notify/web'],
    ['POST', '/notify/web/'],
    ['POST', '/NOTIFY/web'],
    ['POST', '//notify/web'],
    ['POST', '/notify//web'],
    ['POST', '/Rollback/web'],
    ['GET', '/deployments/'],
    ['GET', '/Deployments'],
    ['GET', '/health/'],
    ['GET', '/Health'],
    ['GET', '/health/live/'],
    ['GET', '/metrics/'],
    ['GET', '/openapi.json/'],
  ])('matches case and slashes exactly: %s %s is 404', async (method, path) => {
    const { status } = await rawRequest(service.port, [
      `${method} ${path} HTTP/1.1`,
      'Host: x',
      `Authorization: Bearer ${Service.secret}`,
      'Content-Length: 0',
    ]);
    expect(status).toBe(404);
  });

  it('writes what turns text around, or steers a terminal, as codes into log and answer', async () => {
    const { body } = await rawRequest(service.port, [
      'GET /x\u0085\u009b31m HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${Service.secret}`,
    ]);
    // Sent as UTF-8, seen as bytes.
    expect(body).not.toMatch(/[\u0080-\u009f]/);
    await service.fetch('/notify/web', { method: 'POST', headers: { Prefer: 'wait=1' } });
    expect(service.output.join('')).not.toMatch(/[\u0080-\u009f\u202e]/);
  });

  it.each(['/', '/nothing', '/notify/a/b', '/notifyx', '/deployments/a/b'])(
    'answers 404 to %s, with and without credentials',
    async (path) => {
      for (const Authorization of [`Bearer ${Service.secret}`, '']) {
        const response = await service.fetch(path, { headers: { Authorization } });
        expect(response.status).toBe(404);
        expect(await problem(response)).toMatchObject({ code: 'not_found' });
      }
    },
  );

  it('answers 404 to a deployment that it does not know', async () => {
    const response = await service.fetch('/deployments/00000000-0000-4000-8000-000000000000');
    expect(response.status).toBe(404);
    expect(await problem(response)).toMatchObject({
      code: 'unknown_deployment',
      detail: expect.stringContaining('lost at a restart'),
    });
  });

  it('answers the request id of the caller, and makes one where there is none or it is odd', async () => {
    expect(
      (await service.fetch('/health', { headers: { 'X-Request-Id': 'run-42' } })).headers.get('x-request-id'),
    ).toBe('run-42');
    expect(
      (await service.fetch('/health', { headers: { 'X-Request-Id': 'a b' } })).headers.get('x-request-id'),
    ).toMatch(/^[0-9a-f-]{36}$/);
  });

  describe('S9: health, while the engine is away', () => {
    it('is live, and says what is wrong', async () => {
      const response = await fetch(`${service.url}/health`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        status: 'degraded',
        details: { engine: { status: 'degraded' }, worker: { status: 'up' } },
      });
      const live = await fetch(`${service.url}/health/live`);
      expect(live.status).toBe(200);
      expect(await live.text()).not.toContain('engine');
    });

    it('is not ready, with the reason', async () => {
      const response = await fetch(`${service.url}/health/ready`);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { engine: { message: 'the engine does not answer' } } });
    });

    it('answers within 2 s, without telling where the engine is', async () => {
      for (const path of ['/health', '/health/live', '/health/ready']) {
        const started = performance.now();
        const text = await (await fetch(`${service.url}${path}`)).text();
        expect(performance.now() - started).toBeLessThan(2000);
        expect(text).not.toMatch(/nowhere|sock/);
      }
    });
  });

  it('S21: logs one line per request, with who asked, and the secret never', async () => {
    await service.fetch('/notify/web', { method: 'POST', headers: { 'X-Request-Id': 'logged-request' } });
    const line = await service.logged(({ context, requestId }) => context === 'Http' && requestId === 'logged-request');
    expect(line).toMatchObject({
      method: 'POST',
      path: '/notify/web',
      status: 202,
      durationMs: expect.any(Number),
      from: expect.stringContaining('127.0.0.1'),
    });
    expect(
      service.logs.find(({ context, requestId }) => context === 'Notify' && requestId === 'logged-request'),
    ).toMatchObject({
      container: 'web',
      requestedBy: 'secret-key',
    });
    expect(service.output.join('\n')).not.toContain(Service.secret);
  });
});

describe('the start', () => {
  it.each([
    ['S11: without SECRET_KEY', {}, 'SECRET_KEY is required'],
    ['S11: with an empty SECRET_KEY', { SECRET_KEY: '' }, 'SECRET_KEY must not be empty'],
    [
      'with several bad settings',
      { SECRET_KEY: 'x', PORT: 'http', QUEUE_SIZE: '0' },
      'QUEUE_SIZE must be a whole number',
    ],
  ])('is refused %s: says why, exit 1, no stack trace', async (_, env, reason) => {
    const { code, output } = await Service.failToStart(env);
    expect(code).toBe(1);
    expect(output).toContain(reason);
    expect(output).not.toMatch(/^\s+at /m);
  });

  it('is refused in one clear line where the port is in use', async () => {
    const port = await freePort();
    const server = createServer().listen(port);
    await once(server, 'listening');
    const { code, output } = await Service.failToStart({ SECRET_KEY: 'x', PORT: String(port), LOG_LEVEL: 'error' });
    server.close();
    expect(code).toBe(1);
    expect(output).toBe(
      `Cannot start: port ${port} is in use by another process; stop it or choose another PORT or METRICS_PORT`,
    );
  });
});

describe('S14: the stop', () => {
  it('says in the log what it drops, answers until the end, and exits with 0', async () => {
    const service = await Service.start({ ...noEngine, ENGINE_WAIT: '60s' });
    for (const name of ['running', 'waiting', 'too']) await service.notify(name);
    const started = performance.now();
    expect(await service.stop('SIGTERM')).toBe(0);
    expect(performance.now() - started).toBeLessThan(8000);
    const dropped = service.logs.filter(({ message }) => message.includes('dropped')).map(({ container }) => container);
    expect(dropped.sort()).toEqual(['running', 'too', 'waiting']);
  });
});
