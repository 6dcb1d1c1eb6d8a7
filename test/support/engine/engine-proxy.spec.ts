import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { EngineProxy } from './engine-proxy.js';
import { FakeEngine, json, stream } from './fake-engine.js';

describe(EngineProxy.name, () => {
  let engine: FakeEngine;
  let proxy: EngineProxy;

  beforeEach(async () => {
    engine = await FakeEngine.start();
    proxy = await EngineProxy.start(engine.dockerHost);
  });
  afterEach(() => {
    proxy.stop();
    engine.stop();
  });

  const call = (method: string, path: string, body?: string) => {
    const sent = request({ socketPath: proxy.dockerHost.slice('unix://'.length), method, path });
    sent.end(body);
    return {
      sent,
      answer: once(sent, 'response').then(([answer]) => answer as IncomingMessage),
    };
  };

  it('passes calls on, bodies and all, and records them in order without the API version', async () => {
    engine.on('POST', /^\/containers\/create/, (received, response) => {
      void text(received).then((body) => response.writeHead(201).end(`got ${body}`));
    });
    const created = await call('POST', '/v1.41/containers/create?name=web', '{"Image":"x"}').answer;
    expect(created.statusCode).toBe(201);
    expect(await text(created)).toBe('got {"Image":"x"}');
    await text(await call('GET', '/version').answer);
    expect(proxy.calls).toEqual([
      { index: 0, method: 'POST', path: '/containers/create?name=web', statusCode: 201 },
      { index: 1, method: 'GET', path: '/version', statusCode: 200 },
    ]);
  });

  it('answers, or drops, before the engine sees the call', async () => {
    proxy.hooks = { before: ({ index }) => (index === 0 ? { statusCode: 500 } : 'drop') };
    expect((await call('DELETE', '/containers/a').answer).statusCode).toBe(500);
    await expect(call('DELETE', '/containers/b').answer).rejects.toThrow('socket hang up');
    expect(engine.calls).toEqual([]);
  });

  it('drops after the engine has done it', async () => {
    engine.on('DELETE', /^\/containers\//, json({}));
    proxy.hooks = { after: () => 'drop' };
    await expect(call('DELETE', '/containers/a').answer).rejects.toThrow('socket hang up');
    expect(engine.calls).toEqual(['DELETE /containers/a']);
  });

  it('passes a pull on while it goes on', async () => {
    engine.on('POST', /^\/images\/create/, stream(['{"status":"Pulling"}\n'], 'hang'));
    const { sent, answer } = call('POST', '/images/create');
    const [chunk] = (await once(await answer, 'data')) as [Buffer];
    expect(String(chunk)).toBe('{"status":"Pulling"}\n');
    sent.destroy();
  });

  it('gives up a call that its client has given up', async () => {
    const received = new Promise<ServerResponse>((resolve) => {
      engine.on('POST', /^\/images\/create/, (_, response) => {
        response.write('{}\n');
        resolve(response);
      });
    });
    const { sent, answer } = call('POST', '/images/create');
    await answer;
    const upstream = await received;
    const closed = once(upstream, 'close');
    sent.destroy();
    await closed;
  });
});
