import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeEngine, json } from '../../test/support/fake-engine.js';
import { EngineConnection } from './engine-connection.js';

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
