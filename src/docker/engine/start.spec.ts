import { describe, expect, it as test } from '@jest/globals';
import { EngineError, EngineTimeout } from './engine-error.js';
import type { Engine } from './engine.js';
import { startContainer } from './start.js';

/** They wait for real: each has an engine of its own. */
const it = test.concurrent;

/** Fails as many starts as there are errors. */
function engineThatFails(...errors: Error[]) {
  const engine = {
    starts: 0,
    startContainer: () => {
      const error = errors[engine.starts++];
      return error ? Promise.reject(error) : Promise.resolve();
    },
  };
  return engine;
}
const refused = (detail: string): EngineError => new EngineError('POST start', 500, detail);
const allocated = refused('Bind for 0.0.0.0:80 failed: port is already allocated');

describe('startContainer', () => {
  it.each([
    [allocated],
    [refused('failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use')],
    [refused('listen tcp4 127.0.0.1:80: bind: address already in use')],
    [refused('Address already in use')],
  ])('starts a container at the second try: %s', async (error) => {
    const engine = engineThatFails(error);
    await startContainer(engine as unknown as Engine, 'a');
    expect(engine.starts).toBe(2);
  });

  it('tries no third time', async () => {
    const engine = engineThatFails(allocated, allocated, allocated);
    await expect(startContainer(engine as unknown as Engine, 'a')).rejects.toBe(allocated);
    expect(engine.starts).toBe(2);
  });

  it.each([[refused('exec: "/missing": no such file')], [new EngineTimeout('no answer')]])(
    'does not repeat any other failure: %s',
    async (error) => {
      const engine = engineThatFails(error);
      await expect(startContainer(engine as unknown as Engine, 'a')).rejects.toBe(error);
      expect(engine.starts).toBe(1);
    },
  );
});
