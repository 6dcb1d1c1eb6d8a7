import { describe, expect, it as test } from '@jest/globals';
import { ContainerStore, lost } from '../../../test/support/engine/container-store.js';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { EngineError } from '../engine/engine-error.js';
import { UpdateError } from '../update/outcome.js';
import type { Pair } from '../update/pair.js';
import { rollback } from './rollback.js';
import { parkedName, replacementName, stoppingName } from '../update/temporary-names.js';

/** They wait for real: each has a store of its own. */
const it = test.concurrent;

const [oldId, newId, theirId, dependentOldId, dependentNewId] = ['a', 'b', 'c', 'd', 'e'].map((letter) =>
  letter.repeat(64),
) as [string, string, string, string, string];
const parked = parkedName('web', oldId);
const temporary = replacementName('web', oldId);
const always = { Name: 'always', MaximumRetryCount: 0 };
const stopped = { Running: false, Status: 'exited' };
const running = { Running: true, Status: 'running' };
const HostConfig = { RestartPolicy: always };
const theirs = (overrides: Parameters<typeof containerInspect>[0] = {}) =>
  containerInspect({ Id: theirId, Name: '/web', ...overrides });
const old = (overrides: Parameters<typeof containerInspect>[0] = {}) =>
  containerInspect({
    ...{ Id: oldId, Name: `/${parked}`, State: stopped },
    HostConfig: { RestartPolicy: { Name: 'no' } },
    ...overrides,
  });
const replacement = (overrides: Parameters<typeof containerInspect>[0] = {}) =>
  containerInspect({
    ...{ Id: newId, Name: `/${temporary}`, State: { Running: false, StartedAt: '0001-01-01T00:00:00Z' } },
    ...overrides,
  });
const pair: Pair = {
  ...{ name: 'web', oldId, newId, image: 'registry.example/web:1', oldImageId: 'sha256:1', newImageId: 'sha256:1' },
  ...{ wasRunning: true, startsNew: true, restartPolicy: always },
};
const failure = (error: unknown): string => {
  if (error instanceof UpdateError && error.code === 'rollback_failed') return error.message;
  throw error;
};
const attempt = (store: ContainerStore, pairs = [pair]): Promise<unknown> =>
  rollback(store.engine, pairs).catch(failure);

describe('rollback', () => {
  it('gives policy and name back before the start, and removes the replacement last', async () => {
    const store = new ContainerStore([old(), replacement({ Name: '/web' })]);
    expect(await attempt(store)).toEqual({ warnings: [] });
    expect(store.changes).toEqual(['policy a always', `rename b ${temporary}`, 'rename a web', 'start a', 'remove b']);
    expect(store.shownAll).toEqual({ web: 'a runs' });
  });

  it('lets an old container end that was told to stop, and starts it then', async () => {
    const ending = old({ Name: '/web', State: running, Config: { StopTimeout: 5 } });
    const store = new ContainerStore([ending, replacement({ Name: `/${stoppingName('web', oldId)}` })]);
    setTimeout(() => {
      store.setState(oldId, stopped);
    }, 300);
    expect(await attempt(store)).toEqual({ warnings: [] });
    expect(store.changes).toEqual(['policy a always', `rename b ${temporary}`, 'start a', 'remove b']);
    expect(store.shownAll).toEqual({ web: 'a runs' });
  });

  it('does not stop one that was not told yet', async () => {
    const serving = old({ Name: '/web', State: running, Config: { StopTimeout: 0 } });
    const store = new ContainerStore([serving, replacement({ Name: `/${stoppingName('web', oldId)}` })]);
    expect(await attempt(store)).toEqual({ warnings: [] });
    expect(store.changes).toEqual(['policy a always', `rename b ${temporary}`, 'remove b']);
  });

  it.each([
    ['is not running', theirs({ State: stopped }), 'c is stopped'],
    ['runs', theirs(), 'c runs'],
  ])('serves under the parked name while somebody else, who %s, has the name', async (_, other, theirState) => {
    const store = new ContainerStore([old(), replacement(), other]);
    const message = await attempt(store);
    expect(message).toContain(`runs again, but as ${parked}, because it cannot have the name web`);
    expect(store.shownAll).toEqual({ web: theirState, [parked]: 'a runs', [temporary]: 'b is stopped' });
    expect(store.get(oldId).HostConfig.RestartPolicy?.Name).toBe('always');

    store.remove(theirId);
    expect(await attempt(store)).toEqual({ warnings: [] });
    expect(store.shownAll).toEqual({ web: 'a runs' });
    expect(store.changes.filter((change) => change === 'start a')).toHaveLength(1);
  });

  it('starts nothing beside a container that has its name, runs and writes to its volume', async () => {
    const Mounts = [{ Type: 'volume', Name: 'data', Destination: '/data', RW: true }];
    const store = new ContainerStore([old({ Mounts }), replacement(), theirs({ Mounts })]);
    expect(await attempt(store)).toContain('writes to the same data');
    expect(store.get(oldId).State.Running).toBe(false);
    expect(store.shownAll[temporary]).toBeDefined();
  });

  it.each([
    ['the restart policy', 'policy a'],
    ["the replacement's name", `rename b`],
    ['the name', 'rename a'],
  ])('is not kept from the start by a fault at %s, and makes it good afterwards', async (_, change) => {
    let faults = 1;
    const store = new ContainerStore([old(), replacement({ Name: '/web' })], (made) => {
      if (made.startsWith(change) && faults-- > 0) lost();
    });
    expect(await attempt(store)).toEqual({ warnings: [] });
    expect(store.shownAll).toEqual({ web: 'a runs' });
    expect(store.get(oldId).HostConfig.RestartPolicy?.Name).toBe('always');
  });

  it.each(['policy a', `rename b`, 'rename a'])('starts it also where %s never works', async (change) => {
    const store = new ContainerStore([old(), replacement({ Name: '/web' })], (made) => {
      if (made.startsWith(change)) lost();
    });
    expect(await attempt(store)).toContain('the answer was lost');
    expect(store.get(oldId).State.Running).toBe(true);
    expect(store.get(newId)).toBeDefined();
  });

  it('leaves no replacement that the engine once said is gone', async () => {
    const store = new ContainerStore([old(), replacement({ Name: '/web' })]);
    const { engine } = store;
    const inspect = engine.inspectContainer.bind(engine);
    let faults = 1;
    engine.inspectContainer = (id, ...rest) =>
      id === newId && faults-- > 0
        ? Promise.reject(new EngineError(`GET ${id}`, 404, 'no such container'))
        : inspect(id, ...rest);
    expect(await rollback(engine, [pair])).toEqual({ warnings: [] });
    expect(store.shownAll).toEqual({ web: 'a runs' });
  });

  it('stops for the rename of a running container on a node of a Swarm alone', async () => {
    for (const [swarmState, changes] of [
      ['inactive', ['rename a web']],
      ['active', ['stop a', 'rename a web', 'start a']],
    ] as const) {
      const store = new ContainerStore([old({ State: running, HostConfig }), replacement()]);
      store.swarmState = swarmState;
      expect(await attempt(store)).toEqual({ warnings: [] });
      expect(store.changes).toEqual([...changes, 'remove b']);
    }
  });

  it('never stops a running container of a Swarm for a name that is not free', async () => {
    const store = new ContainerStore([old({ State: running, HostConfig }), replacement(), theirs({ State: stopped })]);
    store.swarmState = 'active';
    expect(await attempt(store)).toContain('cannot have the name web');
    expect(store.changes).toEqual([]);
  });

  it('puts the target back also where the old container of a dependent was removed', async () => {
    const dependent = { ...pair, name: 'sidecar', oldId: dependentOldId, newId: dependentNewId };
    const store = new ContainerStore([
      old(),
      replacement(),
      replacement({ Id: dependentNewId, Name: '/sidecar', State: stopped }),
    ]);
    expect(await attempt(store, [pair, dependent])).toContain('the old container of sidecar was removed');
    expect(store.shownAll).toMatchObject({ web: 'a runs' });
    expect(store.get(dependentNewId)).toBeDefined();
  });

  it('touches nothing where the old container of the target was removed, and says what is left', async () => {
    const store = new ContainerStore([replacement({ Name: '/web', State: { Running: true } })]);
    const message = await attempt(store);
    expect(message).toContain('was removed by somebody else');
    expect(message).toContain('only the replacement of web is left, as web');
    expect(store.changes).toEqual([]);
  });

  it('says what is left where the replacement was removed, or both', async () => {
    expect(await attempt(new ContainerStore([old(), theirs()]))).toContain(
      `only the old container of web is left, as ${parked}`,
    );
    expect(await attempt(new ContainerStore([]))).toContain('neither the old container of web nor its replacement');
    expect(await attempt(new ContainerStore([old(), replacement(), theirs()]))).toContain('both containers are kept');
  });

  it('stops a replacement that somebody gave another name, and never removes it', async () => {
    const store = new ContainerStore([old(), replacement({ Name: '/web-mine', State: running })]);
    expect(await attempt(store)).toEqual({ warnings: [expect.stringContaining('the replacement of web to web-mine')] });
    expect(store.shownAll).toEqual({ web: 'a runs', 'web-mine': 'b is stopped' });
  });

  it('leaves an old container the name that somebody gave it, and says so', async () => {
    const store = new ContainerStore([old({ Name: '/web-mine' }), replacement()]);
    expect(await attempt(store)).toEqual({ warnings: [expect.stringContaining('the container web to web-mine')] });
    expect(store.shownAll).toEqual({ 'web-mine': 'a runs' });
  });
});
