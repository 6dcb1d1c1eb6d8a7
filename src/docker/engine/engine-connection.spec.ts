import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { FakeEngine, json } from '../../../test/support/engine/fake-engine.js';
import { EngineConnection } from './engine-connection.js';
import { EngineTimeout, EngineUnreachable } from './engine-error.js';

describe('the API version that is agreed on', () => {
  let engine: FakeEngine;
  let connection: EngineConnection;
  let release: { Server: string; 'Api-Version': string };

  beforeEach(async () => {
    release = { Server: 'Docker/20.10.24 (linux)', 'Api-Version': '1.41' };
    engine = await FakeEngine.start();
    engine.on('GET', /^\/version$/, (request, response) => {
      for (const [name, value] of Object.entries(release)) response.setHeader(name, value);
      const version = { ApiVersion: release['Api-Version'], MinAPIVersion: '1.12', Os: 'linux', Arch: 'amd64' };
      json(version)(request, response);
    });
    engine.on('HEAD', /^\/_ping$/, (_, response) => response.writeHead(200, release).end());
    const socketPath = engine.dockerHost.replace('unix://', '');
    connection = new EngineConnection({ engine: { socketPath }, engineTimeoutMs: 5000 });
  });
  afterEach(() => {
    engine.stop();
  });

  it('is asked for once, as long as the same engine answers', async () => {
    for (let time = 0; time < 3; time++) expect(await connection.connect()).toBe('1.41');
    expect(engine.calls).toEqual(['GET /version', 'HEAD /_ping', 'HEAD /_ping']);
  });

  it('is asked for again where the engine was upgraded, or set back', async () => {
    await connection.connect();
    for (const [Server, version] of [
      ['Docker/28.5.2 (linux)', '1.51'],
      ['Docker/20.10.24 (linux)', '1.41'],
    ] as const) {
      release = { Server, 'Api-Version': version };
      expect(await connection.connect()).toBe(version);
      expect(connection.version).toBe(version);
    }
  });

  it('is asked for each time where that cannot be told: a proxy forbids it, or keeps the headers', async () => {
    engine.on('HEAD', /^\/_ping$/, (_, response) => response.writeHead(403).end());
    for (let time = 0; time < 2; time++) expect(await connection.connect()).toBe('1.41');
    engine.on('HEAD', /^\/_ping$/, (_, response) => response.writeHead(200).end());
    expect(await connection.connect()).toBe('1.41');
    expect(engine.calls.filter((call) => call === 'GET /version')).toHaveLength(3);
  });

  it('is not kept where the engine is away', async () => {
    await connection.connect();
    engine.stop();
    await expect(connection.connect()).rejects.toThrow('cannot reach the engine for GET /version');
  });
});

describe('an answer', () => {
  let engine: FakeEngine;
  let connection: EngineConnection;
  /** The beginning of it, in the middle of a letter of two bytes, and what follows. */
  const [beginning, rest] = [Buffer.from('{"Id":"Zür').subarray(0, 9), Buffer.from('{"Id":"Zürich"}').subarray(9)];

  beforeEach(async () => {
    engine = await FakeEngine.start();
    connection = new EngineConnection({
      engine: { socketPath: engine.dockerHost.replace('unix://', '') },
      engineTimeoutMs: 300,
    });
  });
  afterEach(() => {
    engine.stop();
  });

  function answerInTwo(second: (response: ServerResponse) => void): void {
    engine.on('GET', /^\/info$/, (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': beginning.length + rest.length });
      response.write(beginning);
      setTimeout(() => {
        second(response);
      }, 50);
    });
  }

  it('is read in however many parts it comes', async () => {
    answerInTwo((response) => response.end(rest));
    expect(await connection.json('GET', '/info')).toEqual({ Id: 'Zürich' });
  });

  it('that breaks off is an engine that cannot be reached', async () => {
    answerInTwo((response) => response.destroy());
    const broken = connection.json('GET', '/info');
    await expect(broken).rejects.toThrow(EngineUnreachable);
    await expect(broken).rejects.toThrow('cannot reach the engine for GET /info');
  });

  it('that does not end has its deadline', async () => {
    answerInTwo(() => undefined);
    const endless = connection.json('GET', '/info');
    await expect(endless).rejects.toThrow(EngineTimeout);
    await expect(endless).rejects.toThrow('did not answer GET /info in time');
  });

  it('is not waited for once nobody wants it', async () => {
    answerInTwo(() => undefined);
    const caller = new AbortController();
    const unwanted = connection.json('GET', '/info', { timeoutMs: 60_000, signal: caller.signal });
    setTimeout(() => {
      caller.abort();
    }, 100);
    await expect(unwanted).rejects.toThrow(EngineTimeout);
  });
});
