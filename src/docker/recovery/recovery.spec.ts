import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ContainerStore, lost } from '../../../test/support/engine/container-store.js';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { ContainerRules } from '../rules/container-rules.js';
import { EngineUnreachable } from '../engine/engine-error.js';
import { UpdateError } from '../update/outcome.js';
import { Recovery, type RecoveryResult } from './recovery.js';
import { keptName, parkedName, replacementName, stoppingName } from '../update/temporary-names.js';
import { labels } from '../update/labels.js';

Logger.overrideLogger(false);

const [webBefore, web, sidecarBefore, sidecar, dbBefore, db, theirs] = [
  ...['a', 'b', 'c', 'd', 'e', 'f', '9'].map((digit) => digit.repeat(64)),
] as [string, string, string, string, string, string, string];
const stopped = { Running: false, Status: 'exited', FinishedAt: '2026-01-02T00:00:00Z' };
const Created = '2026-01-01T12:00:00Z';
const unstarted = { Running: false, Status: 'created', StartedAt: '0001-01-01T00:00:00Z' };

/** Cut off between the two renames of its swap. */
const cutOff = (name: string, oldId: string, newId: string) => [
  containerInspect({ Id: oldId, Name: `/${parkedName(name, oldId)}`, State: stopped }),
  containerInspect({ Id: newId, Name: `/${replacementName(name, oldId)}`, Created, State: unstarted }),
];
/** Set on what an update creates in place of a container. */
const replaces = (id: string) => ({ Config: { Labels: { [labels.replaces]: id } } });
const rulesThatAsk = (asked: string[] = []): ContainerRules =>
  ({
    optionsOf: (name: string) => {
      asked.push(name);
      return { proof: 'none', settleMs: 0, onFailure: 'rollback' };
    },
  }) as unknown as ContainerRules;
const { signal } = new AbortController();
const settings = { proofTimeoutMs: 1000, unhealthyGraceMs: 0, keepPreviousImage: false, removeReplacedImages: false };

/** @param name the container that is to be updated next; without it, a start of the service */
async function recover(store: ContainerStore, name?: string, rules = rulesThatAsk()): Promise<RecoveryResult> {
  for (const { Image } of store.all) store.images.set(Image, {});
  const present = await store.engine.listContainers();
  return new Recovery(store.engine, rules, settings).run(present, { begun: signal, nearlyOver: signal }, name);
}

describe('the recovery of an update that was cut off', () => {
  it('asks for the proof that each container wants by its own name, also of one that has it not yet', async () => {
    const store = new ContainerStore([
      containerInspect({ Id: webBefore, Name: `/${parkedName('web', webBefore)}`, State: stopped }),
      containerInspect({ Id: web, Name: '/web', Created, ...replaces(webBefore) }),
      containerInspect({
        ...{ Id: sidecarBefore, Name: '/web-sidecar', State: stopped },
        HostConfig: { NetworkMode: `container:${webBefore}` },
      }),
      containerInspect({
        ...{ Id: sidecar, Name: `/${replacementName('web-sidecar', sidecarBefore)}`, Created, State: unstarted },
        HostConfig: { NetworkMode: `container:${web}` },
      }),
    ]);
    const asked: string[] = [];
    expect(await recover(store, undefined, rulesThatAsk(asked))).toEqual({ repaired: ['web'], undone: [] });
    expect(asked).toEqual(['web', 'web-sidecar']);
    expect(store.shownAll).toEqual({ web: 'b runs', 'web-sidecar': 'd runs' });
  });

  it('asks by the labels that were set on the old container, and by none of an image', async () => {
    const set = { 'trigger-docker-pull.on-failure': 'stop' };
    const inherited = { 'trigger-docker-pull.settle': '1h' };
    const [imageOfOld, imageOfNew] = ['1', '2'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];
    const withLabels = (Image: string, Labels: Record<string, string>) => ({
      Image,
      Config: { Image: 'app:1', Labels },
    });
    const store = new ContainerStore([
      containerInspect({
        ...{ Id: webBefore, Name: `/${parkedName('web', webBefore)}`, State: stopped },
        ...withLabels(imageOfOld, { ...set, ...inherited }),
      }),
      // Its image has the user's label too: of it alone nobody could tell any more who set that.
      containerInspect({
        ...{ Id: web, Name: '/web', Created },
        ...withLabels(imageOfNew, { ...set, ...replaces(webBefore).Config.Labels }),
      }),
    ]);
    const images: Record<string, object> = {
      [imageOfOld]: { Config: { Labels: inherited } },
      [imageOfNew]: { Config: { Labels: set } },
    };
    const engine = Object.assign(store.engine, { inspectImage: (id: string) => Promise.resolve(images[id]) });
    const asked: unknown[] = [];
    const rules = { optionsOf: (...of: unknown[]) => (asked.push(of), { proof: 'none', settleMs: 0 }) };
    const recovery = new Recovery(engine, rules as unknown as ContainerRules, settings);
    await recovery.run(await engine.listContainers(), { begun: signal, nearlyOver: signal });
    expect(asked).toEqual([['web', set, { ...set, ...inherited, ...replaces(webBefore).Config.Labels }]]);
  });

  it('waits for a container run with --rm that was told to stop, and starts its copy', async () => {
    const [original, copy, replacement] = [webBefore, theirs, web];
    const vanishing = { HostConfig: { AutoRemove: true } };
    const store = new ContainerStore([
      containerInspect({ Id: original, Name: '/web', ...vanishing, Config: { StopTimeout: 5 } }),
      containerInspect({
        ...{ Id: copy, Name: `/${parkedName('web', copy)}`, Created, State: unstarted },
        ...{ ...vanishing, ...replaces(original) },
      }),
      containerInspect({
        Id: replacement,
        Name: `/${stoppingName('web', copy)}`,
        Created,
        State: unstarted,
        ...vanishing,
      }),
    ]);
    setTimeout(() => {
      store.remove(original);
    }, 300);
    expect(await recover(store)).toEqual({ repaired: ['web'], undone: [] });
    expect(store.shownAll).toEqual({ web: '9 runs' });
  });

  it('lets the old container of start-first end before it removes it, with no second signal', async () => {
    const store = new ContainerStore([
      containerInspect({ Id: webBefore, Name: `/${parkedName('web', webBefore)}`, Config: { StopTimeout: 5 } }),
      containerInspect({ Id: web, Name: '/web', Created, ...replaces(webBefore) }),
    ]);
    setTimeout(() => {
      store.setState(webBefore, stopped);
    }, 300);
    expect(await recover(store)).toEqual({ repaired: ['web'], undone: [] });
    expect(store.changes).toEqual(['remove a']);
    expect(store.shownAll).toEqual({ web: 'b runs' });
  });

  it('repairs every container at a start of the service', async () => {
    const store = new ContainerStore([...cutOff('web', webBefore, web), ...cutOff('db', dbBefore, db)]);
    expect(await recover(store)).toEqual({ repaired: ['web', 'db'], undone: [] });
    expect(store.shownAll).toEqual({ web: 'a runs', db: 'e runs' });
  });

  it.each([
    ['web', { web: 'a runs' }, cutOff('db', dbBefore, db)],
    ['db', { db: 'e runs' }, cutOff('web', webBefore, web)],
  ])('repairs %s alone before an update of it, and leaves the others as they are', async (name, repaired, others) => {
    const store = new ContainerStore([...cutOff('web', webBefore, web), ...cutOff('db', dbBefore, db)]);
    expect(await recover(store, name)).toEqual({ repaired: [name], undone: [] });
    expect(store.shownAll).toEqual({ ...repaired, ...new ContainerStore(others).shownAll });
  });

  it('repairs nothing before an update of a container that no update was cut off of', async () => {
    const store = new ContainerStore([...cutOff('web', webBefore, web), containerInspect({ Id: db, Name: '/db' })]);
    expect(await recover(store, 'db')).toEqual({ repaired: [], undone: [] });
    expect(store.changes).toEqual([]);
  });

  it('repairs the whole of an update before an update of a dependent of it', async () => {
    const dependsOn = (id: string) => ({ NetworkMode: `container:${id}` });
    const [sidecarOld, sidecarNew] = cutOff('sidecar', sidecarBefore, sidecar);
    const store = new ContainerStore([
      ...cutOff('web', webBefore, web),
      { ...sidecarOld, HostConfig: dependsOn(webBefore) } as never,
      { ...sidecarNew, HostConfig: dependsOn(web) } as never,
    ]);
    expect(await recover(store, 'sidecar')).toEqual({ repaired: ['web'], undone: [] });
    expect(store.shownAll).toEqual({ web: 'a runs', sidecar: 'c runs' });
  });

  it('goes on with the others where one cannot be repaired, and names that one', async () => {
    const store = new ContainerStore([...cutOff('web', webBefore, web), ...cutOff('db', dbBefore, db)], (change) => {
      if (change === 'start a') throw new Error('a volume of it is gone');
    });
    expect(await recover(store)).toEqual({ repaired: ['db'], undone: ['web'] });
    expect(store.shownAll).toMatchObject({ db: 'e runs' });
  });

  it('fails before an update of the one that cannot be repaired', async () => {
    const store = new ContainerStore(cutOff('web', webBefore, web), (change) => {
      if (change === 'start a') throw new Error('a volume of it is gone');
    });
    await expect(recover(store, 'web')).rejects.toThrow('a volume of it is gone');
  });

  it('fails, to be tried again, where the engine goes away', async () => {
    const store = new ContainerStore(cutOff('web', webBefore, web), (change) => {
      if (change === 'start a') lost();
    });
    await expect(recover(store)).rejects.toThrow(UpdateError);
    await expect(recover(store)).rejects.toMatchObject({ cause: { cause: expect.any(EngineUnreachable) } });
  });

  it('fails before an update of a container of which two are kept, and of no other', async () => {
    const kept = containerInspect({ Id: webBefore, Name: `/${keptName('web', webBefore)}`, State: stopped });
    const store = new ContainerStore([kept, containerInspect({ Id: web, Name: '/web', State: stopped })]);
    await expect(recover(store, 'web')).rejects.toThrow('decide which one is to go on');
    expect(await recover(store, 'db')).toEqual({ repaired: [], undone: [] });
    expect(await recover(store)).toEqual({ repaired: [], undone: [] });
  });
});

describe('the recovery of a container whose name somebody else has', () => {
  const parked = parkedName('web', webBefore);
  const other = containerInspect({ Id: theirs, Name: '/web', Config: { Image: 'registry.example/other:1' } });

  it('leaves theirs alone, and the old one serves under its parked name', async () => {
    const store = new ContainerStore([...cutOff('web', webBefore, web), other]);
    expect(await recover(store)).toEqual({ repaired: [], undone: ['web'] });
    expect(store.shownAll).toMatchObject({ web: '9 runs', [parked]: 'a runs' });
    store.remove(theirs);
    expect(await recover(store)).toEqual({ repaired: ['web'], undone: [] });
    expect(store.shownAll).toEqual({ web: 'a runs' });
  });

  it('never takes theirs for the replacement', async () => {
    for (const State of [{}, stopped]) {
      const store = new ContainerStore([
        containerInspect({ Id: webBefore, Name: `/${parked}` }),
        containerInspect({ ...other, Created, State }),
      ]);
      const before = store.shownAll;
      await recover(store);
      expect(store.shownAll).toEqual(before);
    }
  });

  it.each([
    ['has no mark', {}],
    ['has the mark of an earlier update', replaces(dbBefore)],
    ['has a mark of an update as its image claims', replaces(webBefore)],
  ])('keeps both where one of the same image reference %s, and says what to do', async (title, mark) => {
    for (const State of [{}, { ...stopped, StartedAt: '2026-01-01T13:00:00Z' }]) {
      const store = new ContainerStore([
        containerInspect({ Id: webBefore, Name: `/${parked}`, State: stopped }),
        containerInspect({ Id: theirs, Name: '/web', Created, State, Image: 'sha256:2', ...mark }),
      ]);
      const isOfImage = title.includes('image claims');
      store.images.set('sha256:2', isOfImage ? mark : {});
      const run = (name?: string) =>
        store.engine
          .listContainers()
          .then((present) =>
            new Recovery(store.engine, rulesThatAsk(), settings).run(
              present,
              { begun: signal, nearlyOver: signal },
              name,
            ),
          );
      expect(await run()).toEqual({ repaired: [], undone: ['web'] });
      await expect(run('web')).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringMatching(new RegExp(`999999999999, .*docker rm -f ${parked}`)),
      });
      expect(store.changes).toEqual([]);
    }
  });

  it('never starts the old one beside its replacement that somebody renamed and that writes to the same data', async () => {
    const Mounts = [{ Type: 'volume', Name: 'data', Destination: '/data', RW: true }];
    const store = new ContainerStore([
      containerInspect({ Id: webBefore, Name: `/${parked}`, State: stopped, Mounts }),
      containerInspect({ Id: web, Name: '/web-mine', Created, Mounts, ...replaces(webBefore) }),
    ]);
    expect(await recover(store)).toEqual({ repaired: [], undone: ['web'] });
    expect(store.changes).toEqual([]);
    store.setState(web, stopped);
    expect(await recover(store)).toEqual({ repaired: ['web'], undone: [] });
    expect(store.shownAll).toEqual({ web: 'a runs', 'web-mine': 'b is stopped' });
  });

  it('gives the name to one that runs without it already, which is not started anew', async () => {
    const store = new ContainerStore([containerInspect({ Id: webBefore, Name: `/${parked}` })]);
    expect(await recover(store)).toEqual({ repaired: ['web'], undone: [] });
    expect(store.shownAll).toEqual({ web: 'a runs' });
  });

  it('starts the one that is left also where it cannot be renamed', async () => {
    const [old] = cutOff('web', webBefore, web);
    const store = new ContainerStore(old ? [old] : [], (change) => {
      if (change.startsWith('rename')) throw new Error('no renames today');
    });
    expect(await recover(store)).toEqual({ repaired: [], undone: ['web'] });
    expect(store.shownAll).toEqual({ [parked]: 'a runs' });
  });
});
