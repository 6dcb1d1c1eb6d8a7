import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { startApp, type InProcessApp } from './support/service/app.js';
import { runApp, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { freePort } from './support/registry/registry.js';
import { Service } from './support/service/service.js';

interface Answer {
  content?: Record<string, { schema: object }>;
}
interface Operation {
  responses: Record<string, Answer>;
}
const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  components: object;
};

describe('every route', () => {
  let app: InProcessApp;
  beforeAll(async () => {
    app = await startApp({ SECRET_KEY: 'a-secret-of-the-test', DOCKER_HOST: 'unix:///nowhere/docker.sock' });
  });
  afterAll(() => app.close());

  it('is in the OpenAPI document, and nothing else is', async () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const registered = await Promise.all(
      app.routes.map(async ({ method, path }) => {
        const url = `${app.url}${path.replace(':container', 'web').replace(':id', 'x')}`;
        const response = await fetch(url, { method, headers: { Authorization: 'Bearer a-secret-of-the-test' } });
        const { code } = (await response.json().catch(() => ({}))) as { code?: string };
        // Some only say that the method, or the missing name, is wrong.
        const isAnswer = code !== 'method_not_allowed' && code !== 'invalid_container_name';
        return isAnswer ? [`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`] : [];
      }),
    );
    expect(registered.flat().length).toBeGreaterThan(8);
    expect(registered.flat().sort()).toEqual(documented.sort());
  });
});

describeOnEngine('what the service answers', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as typeof addFormats.default)(ajv);
  let service: Service;
  let app: App;
  let image: string;

  beforeAll(async () => {
    service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      METRICS_PORT: String(await freePort()),
    });
    await service.ready();
    image = uniqueImage('described');
    app = await runApp(image, { version: 'v1' });
  });
  afterAll(() => service.stop());

  /** Asks, and holds the answer against what the document says of it: status, type and schema. */
  const ask = async (
    method: string,
    template: string,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await service.fetch(path, { method, headers });
    const documented = document.paths[template]?.[method.toLowerCase()]?.responses[String(response.status)];
    expect([method, template, response.status, documented]).toEqual([
      method,
      template,
      response.status,
      expect.anything(),
    ]);
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    expect(Object.keys(documented?.content ?? {})).toContain(type);
    const text = await response.text();
    const body: unknown = type.endsWith('json') ? JSON.parse(text) : text;
    const schema = { ...documented?.content?.[type]?.schema, components: document.components };
    const validate = ajv.compile(schema);
    expect([method, path, response.status, validate(body), validate.errors]).toEqual([
      method,
      path,
      response.status,
      true,
      null,
    ]);
    return { status: response.status, body: body as Record<string, unknown> };
  };

  it('is what the OpenAPI document says of it', async () => {
    const seen: string[] = [];
    const check = async (status: number, ...[method, template, path, headers]: Parameters<typeof ask>) => {
      const answer = await ask(method, template, path, headers);
      expect([method, path, answer.status]).toEqual([method, path, status]);
      seen.push(`${method} ${template} ${status}`);
      return answer.body;
    };
    const notify = '/notify/{container}';
    const deployment = '/deployments/{id}';
    const web = `/notify/${app.name}`;
    await publish(docker, image, { version: 'v2' });
    await check(200, 'POST', notify, `${web}?dry_run=true`);
    await check(200, 'POST', notify, '/notify/nobody?dry_run=true');
    const updated = await check(200, 'POST', notify, `${web}?wait=50`);
    expect(updated).toMatchObject({ result: 'updated' });
    await check(200, 'POST', '/rollback/{container}', `/rollback/${app.name}?wait=50`);
    await publish(docker, image, { version: 'bad', cmd: ['/bin/sh', '-c', 'echo last words; exit 3'] });
    const failed = await check(422, 'POST', notify, `${web}?wait=50`);
    expect(failed).toMatchObject({ deployment: { error: { logTail: ['last words'] } } });
    // Tried again: a rolled-back image alone would be refused at once, with nothing to wait for.
    const accepted = await check(202, 'POST', notify, `${web}?retry=true`);
    const { id } = accepted as { id: string };
    await check(504, 'GET', deployment, `/deployments/${id}?wait=0`);
    await check(202, 'GET', deployment, `/deployments/${id}`, { Prefer: 'wait=0' });
    await check(409, 'DELETE', deployment, `/deployments/${String(updated.id)}`);
    await service.settled(id);
    await check(422, 'GET', deployment, `/deployments/${id}?wait=0`);
    await check(200, 'GET', deployment, `/deployments/${id}`);
    await check(200, 'GET', '/deployments/{id}/events', `/deployments/${id}/events`);
    await check(200, 'GET', '/deployments', '/deployments');
    await check(400, 'GET', '/deployments', '/deployments?limit=0');
    await check(400, 'POST', notify, '/notify/-web');
    await check(401, 'POST', notify, web, { Authorization: 'Bearer wrong' });
    await check(404, 'GET', deployment, '/deployments/unknown');
    await check(404, 'DELETE', deployment, '/deployments/unknown');
    await check(404, 'GET', '/deployments/{id}/events', '/deployments/unknown/events');
    for (const path of ['/health', '/health/live', '/health/ready', '/metrics', '/openapi.json'])
      await check(200, 'GET', path, path);
    // No success of any operation was left out.
    const successes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path} 200`),
    );
    expect(successes.filter((success) => !seen.includes(success))).toEqual(['DELETE /deployments/{id} 200']);
  });
});
