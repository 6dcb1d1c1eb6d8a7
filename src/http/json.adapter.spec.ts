import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JsonAdapter } from './json.adapter.js';

/** What routes answer; made anew for each request, as a file can be sent once. */
const answers: Record<string, { body: () => unknown; status?: number; type?: string }> = {
  document: { body: () => ({ name: 'web', list: [1, null, 'é "quoted" 日本'] }), status: 202 },
  instance: {
    body: () =>
      new (class Answer {
        readonly id = 'a';
      })(),
    status: 202,
  },
  list: { body: () => [{ a: 1 }], status: 200 },
  'without-status': { body: () => ({ status: 'ok' }) },
  'with-a-type': { body: () => ({ openapi: '3.1.0' }), status: 200, type: 'application/openapi+json' },
  text: { body: () => 'as it is', status: 200 },
  nothing: { body: () => undefined, status: 204 },
  file: { body: () => new StreamableFile(Buffer.from('of bytes')), status: 200 },
  error: { body: () => new Error('secret'), status: 500 },
};

describe('JsonAdapter', () => {
  const urls: string[] = [];
  const servers: Server[] = [];

  beforeAll(async () => {
    for (const adapter of [new ExpressAdapter(), new JsonAdapter()]) {
      adapter.initHttpServer({});
      adapter.disable('etag');
      for (const [path, { body, status, type }] of Object.entries(answers)) {
        adapter.get(`/${path}`, (_: Request, response: Response) => {
          if (type) response.type(type);
          adapter.reply(response, body(), status);
        });
      }
      const server = adapter.getHttpServer() as Server;
      await once(server.listen(0, '127.0.0.1'), 'listening');
      servers.push(server);
      urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
  });

  afterAll(() => {
    for (const server of servers) server.close();
  });

  it.each(Object.keys(answers).flatMap((path) => ['GET', 'HEAD'].map((method) => [method, path])))(
    'answers %s /%s as the adapter of Nest does',
    async (method = '', path = '') => {
      const [express, ours] = await Promise.all(urls.map((url) => seen(`${url}/${path}`, method)));
      expect(ours).toEqual(express);
      expect(ours?.headers['x-powered-by']).toBe('Express');
    },
  );
});

async function seen(url: string, method: string) {
  const response = await fetch(url, { method });
  const { date: _, ...headers } = Object.fromEntries(response.headers);
  return { status: response.status, headers, body: await response.text() };
}
