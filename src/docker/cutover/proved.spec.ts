import { describe, expect, it } from '@jest/globals';
import { ContainerStore } from '../../../test/support/engine/container-store.js';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { commit } from './commit.js';
import type { Pair } from '../update/pair.js';
import { lapseOf, ProofLapsed, type Proved } from './proved.js';
import { parkedName } from '../update/temporary-names.js';

const proved = (mode: 'healthy' | 'running' | 'none'): Proved => ({ container: containerInspect(), policy: { mode } });

describe('lapseOf', () => {
  it.each([
    ['runs on', {}, undefined],
    ['was healthy and is starting', { State: { Health: { Status: 'starting' } } }, undefined],
    ['is unhealthy', { State: { Health: { Status: 'unhealthy' } } }, 'unhealthy'],
    ['exited', { State: { Running: false, ExitCode: 0 } }, 'exited'],
    ['waits for its restart', { State: { Restarting: true } }, 'restarting'],
    ['was started anew', { State: { StartedAt: '2026-01-01T00:00:09Z' } }, 'restarting'],
    ['was restarted by its policy', { RestartCount: 1 }, 'restarting'],
  ])('says of one that %s', (_, now, code) => {
    expect(lapseOf(containerInspect(now), proved('healthy'))?.code).toBe(code);
  });

  it('says of one that is gone that it exited, whatever it had to show', () => {
    expect(lapseOf(undefined, proved('none'))?.code).toBe('exited');
    expect(lapseOf(undefined, { container: containerInspect() })?.code).toBe('exited');
  });

  it('says of one that has another name that somebody changed it, also where it is not to run', () => {
    for (const subject of [proved('none'), { container: containerInspect() }]) {
      expect(lapseOf(containerInspect(), subject, 'web')).toBeUndefined();
      expect(lapseOf(containerInspect({ Name: '/web-mine' }), subject, 'web')).toMatchObject({
        code: 'container_changed',
        message: 'somebody renamed it from web to web-mine',
      });
    }
  });

  it('does not ask one for its health that had only to run', () => {
    const unhealthy = containerInspect({ State: { Health: { Status: 'unhealthy' } } });
    expect(lapseOf(unhealthy, proved('running'))).toBeUndefined();
  });

  it('lets one whose start was enough end well, and be restarted', () => {
    const lapse = (now: Parameters<typeof containerInspect>[0]) => lapseOf(containerInspect(now), proved('none'))?.code;
    expect(lapse({ State: { Running: false, ExitCode: 0 } })).toBeUndefined();
    expect(lapse({ RestartCount: 3 })).toBeUndefined();
    expect(lapse({ State: { Running: false, ExitCode: 1 } })).toBe('exited');
  });

  it('asks nothing but to be there of one that is not to run', () => {
    const stopped = containerInspect({ State: { Running: false, ExitCode: 1 } });
    expect(lapseOf(stopped, { container: stopped })).toBeUndefined();
  });

  it('counts restarts from the proof on', () => {
    const restarted = containerInspect({ RestartCount: 2 });
    expect(lapseOf(restarted, { container: restarted, policy: { mode: 'running' } })).toBeUndefined();
  });
});

describe('commit', () => {
  const [oldId, newId, dependentOldId, dependentNewId] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64)) as [
    string,
    string,
    string,
    string,
  ];
  const settings = { keepPreviousImage: false, removeReplacedImages: false };
  const pair = { name: 'web', oldId, newId, oldImageId: 'sha256:1', newImageId: 'sha256:1' } as Pair;
  const sidecar = { ...pair, name: 'sidecar', oldId: dependentOldId, newId: dependentNewId };
  const stopped = { Running: false };
  const containers = (oldState: object) => [
    containerInspect({ Id: oldId, Name: `/${parkedName('web', oldId)}`, State: oldState }),
    containerInspect({ Id: newId, Name: '/web' }),
    containerInspect({ Id: dependentOldId, Name: `/${parkedName('sidecar', dependentOldId)}`, State: stopped }),
    containerInspect({ Id: dependentNewId, Name: '/sidecar' }),
  ];
  const provedOf = (store: ContainerStore): Proved[] =>
    [newId, dependentNewId].map((id) => ({ container: store.get(id), policy: { mode: 'running' } }));

  it('removes the old containers, the one of the target first', async () => {
    const store = new ContainerStore(containers(stopped));
    expect(await commit(store.engine, [pair, sidecar], provedOf(store), settings)).toEqual([]);
    expect(store.changes).toEqual(['remove a', 'remove c']);
  });

  it.each([newId, dependentNewId])('removes nothing where the replacement %s has ended', async (id) => {
    const store = new ContainerStore(containers(stopped));
    const all = provedOf(store);
    store.setState(id, { Running: false, ExitCode: 1 });
    await expect(commit(store.engine, [pair, sidecar], all, settings)).rejects.toMatchObject({
      code: 'exited',
      containerId: id,
    });
    expect(store.changes).toEqual([]);
  });

  it('removes nothing where the replacement ends while an old container stops that still ran', async () => {
    const store = new ContainerStore(containers({}), (change, changed) => {
      if (change === 'stop a') changed.setState(newId, { Running: false, ExitCode: 1 });
    });
    await expect(commit(store.engine, [pair, sidecar], provedOf(store), settings)).rejects.toThrow(ProofLapsed);
    expect(store.get(oldId).State.Running).toBe(false);
  });

  it('goes on with the dependents once the old container of the target is gone: there is no way back', async () => {
    const store = new ContainerStore(containers(stopped), (change, changed) => {
      if (change === 'remove a') changed.setState(newId, { Running: false, ExitCode: 1 });
    });
    expect(await commit(store.engine, [pair, sidecar], provedOf(store), settings)).toEqual([]);
    expect(store.changes).toEqual(['remove a', 'remove c']);
  });

  it('keeps an old container that somebody gave another name, and says so', async () => {
    const store = new ContainerStore(containers(stopped));
    store.set(oldId, { Name: '/web-backup' });
    expect(await commit(store.engine, [pair, sidecar], provedOf(store), settings)).toEqual([
      expect.stringContaining('renamed the old container of web to web-backup'),
    ]);
    expect(store.changes).toEqual(['remove c']);
  });

  it('removes nothing where somebody renamed a replacement', async () => {
    const store = new ContainerStore(containers(stopped));
    const all = provedOf(store);
    store.set(dependentNewId, { Name: '/sidecar-mine' });
    await expect(commit(store.engine, [pair, sidecar], all, settings)).rejects.toMatchObject({
      code: 'container_changed',
      containerId: dependentNewId,
    });
    expect(store.changes).toEqual([]);
  });
});
