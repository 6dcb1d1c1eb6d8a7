import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { decideRepair, groupRemains } from './repair.js';
import { parkedName, replacementName } from '../update/temporary-names.js';

const oldId = 'a'.repeat(64);
const newId = 'b'.repeat(64);
const always = { RestartPolicy: { Name: 'always' } };
const neutralised = { RestartPolicy: { Name: 'no' } };
const stopped = { Running: false, Status: 'exited', FinishedAt: '2026-01-02T00:00:00Z' };
const longStopped = { ...stopped, FinishedAt: '2025-01-01T00:00:00Z' };

const old = (Name: string, State = {}, HostConfig = neutralised) =>
  containerInspect({ Id: oldId, Name: `/${Name}`, State, HostConfig });
const neverStarted = { Running: false, Status: 'created', StartedAt: '0001-01-01T00:00:00Z' };
const replacement = (Name: string, State: object = neverStarted) =>
  containerInspect({
    Id: newId,
    Name: `/${Name}`,
    Created: '2026-01-01T12:00:00Z',
    State: { Running: false, ...State },
    HostConfig: always,
  });
const temporary = replacementName('web', oldId);
const parked = parkedName('web', oldId);

describe('decideRepair: killed after', () => {
  it.each([
    ['create', old('web', {}, always), replacement(temporary), true, { kind: 'roll back', wasRunning: true }],
    ['the policy was neutralised', old('web'), replacement(temporary), true, { kind: 'roll back', wasRunning: true }],
    ['stop', old('web', stopped), replacement(temporary), true, { kind: 'roll back', wasRunning: true }],
    [
      'the old one was renamed',
      old(parked, stopped),
      replacement(temporary),
      false,
      { kind: 'roll back', wasRunning: true },
    ],
    [
      'the new one was renamed',
      old(parked, stopped),
      replacement('web'),
      true,
      { kind: 'roll back', wasRunning: true },
    ],
    [
      'start',
      old(parked, stopped),
      replacement('web', { Running: true }),
      true,
      { kind: 'prove the replacement', wasRunning: true },
    ],
    [
      'the new one exited',
      old(parked, stopped),
      replacement('web', { Status: 'exited' }),
      true,
      { kind: 'roll back', wasRunning: true },
    ],
    [
      'create, of one that did not run',
      old('web', longStopped),
      replacement(temporary),
      true,
      { kind: 'roll back', wasRunning: false },
    ],
  ])('%s', (_, oldContainer, newContainer, nameIsTaken, { kind, wasRunning }) => {
    const repair = decideRepair([{ name: 'web', old: oldContainer, replacement: newContainer, nameIsTaken }]);
    expect(repair).toMatchObject({
      kind,
      pairs: [{ name: 'web', oldId, newId, wasRunning, restartPolicy: { Name: 'always' } }],
    });
  });

  it('create, of one in a namespace that is no more: leaves it alone', () => {
    const old = containerInspect({ Id: oldId, HostConfig: { NetworkMode: 'container:dead' } });
    const beside = { ...replacement(temporary, { Running: true }), HostConfig: { NetworkMode: 'container:alive' } };
    const repair = decideRepair([{ name: 'web', old, replacement: beside, nameIsTaken: true }]);
    expect(repair).toMatchObject({ kind: 'roll back', pairs: [{ oldId, newId, wasRunning: true }] });
  });

  it('both were renamed, of one that did not run: goes on', () => {
    expect(
      decideRepair([
        { name: 'web', old: old(parked, longStopped), replacement: replacement('web'), nameIsTaken: true },
      ]),
    ).toMatchObject({
      kind: 'remove the old container',
      pairs: [{ oldId, newId, wasRunning: false }],
    });
  });

  it('the replacement of one that did not run was started, and has ended: puts the old one back', () => {
    const ended = replacement('web', { Status: 'exited' });
    expect(
      decideRepair([{ name: 'web', old: old(parked, longStopped), replacement: ended, nameIsTaken: true }]),
    ).toMatchObject({ kind: 'roll back', pairs: [{ oldId, newId, wasRunning: false }] });
  });
});

describe('decideRepair, of a container that was run with --rm and the copy that stands in for it', () => {
  const created = { Running: false, Status: 'created', StartedAt: '0001-01-01T00:00:00Z' };
  const at = (Created: string, Name: string, Id: string, State = {}) =>
    containerInspect({ Id, Name: `/${Name}`, Created, State, HostConfig: { ...neutralised, AutoRemove: true } });
  const copy = (Name: string) => at('2026-01-01T12:00:00Z', Name, oldId, created);
  const next = (Name: string, State = created) => at('2026-01-01T12:00:01Z', Name, newId, State);
  const remains = { name: 'web', old: copy(parked), nameIsTaken: true };

  it('removes the copies while it still runs', () => {
    const itsCopy = { ...remains, copyOfOwner: true };
    expect(decideRepair([{ ...itsCopy, replacement: next(temporary) }])).toEqual({
      kind: 'remove the copies',
      containerIds: [newId, oldId],
    });
    expect(decideRepair([itsCopy])).toEqual({ kind: 'remove the copies', containerIds: [oldId] });
  });

  it('keeps the copies where nothing proves that they are of the container that has the name', () => {
    for (const prepared of [next(temporary), undefined])
      expect(decideRepair([{ ...remains, replacement: prepared }])).toEqual({ kind: 'keep both', containerId: oldId });
  });

  it.each([
    ['it has stopped', copy(parked), next(temporary), false, 'roll back'],
    ['the new one was renamed', copy(parked), next('web'), true, 'roll back'],
    [
      'the new one was started',
      copy(parked),
      next('web', { ...created, Running: true }),
      true,
      'prove the replacement',
    ],
    ['the copy was renamed by a rollback', copy('web'), next(temporary), true, 'roll back'],
  ])('killed after %s: goes on as with any other, and the copy is to run', (_, old, replacement, nameIsTaken, kind) => {
    const repair = decideRepair([{ name: 'web', old, replacement, nameIsTaken }]);
    expect(repair).toMatchObject({ kind, pairs: [{ oldId, newId, wasRunning: true }] });
  });

  it('gives the name to the copy where the new one has vanished, too', () => {
    expect(decideRepair([{ name: 'web', old: copy(parked), nameIsTaken: false }])).toEqual({
      kind: 'give the name to',
      containerId: oldId,
    });
  });
});

describe('decideRepair where somebody else was at it', () => {
  it('gives the name to the replacement when the old one is gone, unless the name is taken', () => {
    expect(decideRepair([{ name: 'web', replacement: replacement(temporary), nameIsTaken: false }])).toEqual({
      kind: 'give the name to',
      containerId: newId,
    });
    expect(decideRepair([{ name: 'web', replacement: replacement(temporary), nameIsTaken: true }])).toEqual({
      kind: 'remove the replacement',
      replacementId: newId,
    });
    const hasRun = replacement(temporary, { Status: 'exited' });
    expect(decideRepair([{ name: 'web', replacement: hasRun, nameIsTaken: true }])).toEqual({
      kind: 'keep both',
      containerId: newId,
    });
  });

  it('gives the name back to a parked container that is alone, and leaves it where the name is taken', () => {
    expect(decideRepair([{ name: 'web', old: old(parked, stopped), nameIsTaken: false }])).toEqual({
      kind: 'give the name to',
      containerId: oldId,
    });
    expect(decideRepair([{ name: 'web', old: old(parked, stopped), nameIsTaken: true }])).toEqual({
      kind: 'keep both',
      containerId: oldId,
    });
  });

  it('does nothing where nothing is left to do', () => {
    expect(decideRepair([{ name: 'web', nameIsTaken: false }])).toEqual({ kind: 'nothing' });
    expect(decideRepair([{ name: 'web', old: old('web'), nameIsTaken: true }])).toEqual({ kind: 'nothing' });
  });
});

describe('groupRemains and decideRepair, of a container and one that shares its network', () => {
  const donor = (id: string) => ({ ...always, NetworkMode: `container:${id}` });
  const [oldSidecarId, newSidecarId] = ['c'.repeat(64), 'd'.repeat(64)];
  const sidecar = (oldName: string, newName: string, onto = newId) => ({
    name: 'sidecar',
    old: containerInspect({
      Id: oldSidecarId,
      Name: `/${oldName}`,
      State: oldName === 'sidecar' ? {} : stopped,
      HostConfig: donor(oldId),
    }),
    replacement: containerInspect({
      Id: newSidecarId,
      Name: `/${newName}`,
      Created: '2026-01-01T12:00:00Z',
      State: { Running: false, Status: 'created' },
      HostConfig: donor(onto),
    }),
    nameIsTaken: true,
  });
  const temporarySidecar = replacementName('sidecar', oldSidecarId);
  const pairs = [{ name: 'web' }, { name: 'sidecar', oldId: oldSidecarId, newId: newSidecarId, wasRunning: true }];
  const decide = (...remains: Parameters<typeof groupRemains>[0]) => groupRemains(remains).map(decideRepair);

  it('rolls both back, the target first, where the target was not started', () => {
    const web = { name: 'web', old: old(parked, stopped), replacement: replacement(temporary), nameIsTaken: false };
    expect(decide(sidecar('sidecar', temporarySidecar), web)).toMatchObject([{ kind: 'roll back', pairs }]);
  });

  it('proves both where the target runs, though the other was not renamed yet', () => {
    const web = {
      name: 'web',
      old: old(parked, stopped),
      replacement: replacement('web', { Running: true }),
      nameIsTaken: true,
    };
    expect(decide(sidecar('sidecar', temporarySidecar), web)).toMatchObject([{ kind: 'prove the replacement', pairs }]);
  });

  it("goes on alone where the target's old container is gone: the way back is gone with it", () => {
    expect(decide(sidecar(parkedName('sidecar', oldSidecarId), 'sidecar'))).toMatchObject([
      { kind: 'remove the old container', pairs: [pairs[1]] },
    ]);
  });

  it('is a matter of its own where it was updated alone: its donor is the same before and after', () => {
    const remains = sidecar(parkedName('sidecar', oldSidecarId), 'sidecar', oldId);
    expect(decide(remains)).toMatchObject([{ kind: 'roll back', pairs: [{ name: 'sidecar' }] }]);
  });

  it.each([
    ['there', true, 'roll back'],
    ['gone', false, 'remove the old container'],
  ])("of a dependent alone, whose target's old container is %s", (_, dependenciesRemain, kind) => {
    const alone = { ...sidecar(parkedName('sidecar', oldSidecarId), 'sidecar'), dependenciesRemain };
    expect(decide(alone)).toMatchObject([{ kind, pairs: [pairs[1]] }]);
  });

  it('keeps both together where nothing proves that the container with the name of the target is the replacement', () => {
    const web = { name: 'web', old: old(parked, stopped), nameIsTaken: true };
    expect(decide(sidecar(parkedName('sidecar', oldSidecarId), 'sidecar'), web)).toEqual([
      { kind: 'keep both', containerId: oldId },
    ]);
  });
});
