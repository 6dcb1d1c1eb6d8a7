import { describe, expect, it } from '@jest/globals';
import { ContainerStore } from '../../../test/support/engine/container-store.js';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { EngineUnreachable } from '../engine/engine-error.js';
import { isEndedFromOutside, isStopTold } from './outside-stop.js';

describe('isStopTold', () => {
  it.each<[string, boolean, string[] | undefined, number]>([
    ['nobody sent a signal', false, [], 1],
    ['nobody sent the signal that ended it', false, [], 137],
    ['it was stopped and ended well', true, ['15'], 0],
    ['it was killed', true, ['9'], 137],
    ['it was stopped, then killed', true, ['15', '9'], 137],
    ['it was told to read its files anew', false, ['1', '10', '12', '28'], 1],
    ['it was told to read its files anew, then stopped', true, ['1', '15'], 143],
    ['the engine has forgotten the start, and a signal ended it', true, undefined, 137],
    ['the engine has forgotten the start, and it failed', false, undefined, 1],
  ])('where %s: %s', (_, expected, signals, exitCode) => {
    expect(isStopTold(signals, exitCode)).toBe(expected);
  });
});

describe('isEndedFromOutside', () => {
  const ended = containerInspect({ State: { Running: false, Status: 'exited', ExitCode: 1 } });
  const restarted = (RestartCount: number) => ({ ...containerInspect({ State: { Running: true } }), RestartCount });

  it('tells a restart by somebody from one by the restart policy', async () => {
    const { engine } = new ContainerStore([]);
    expect(await isEndedFromOutside(engine, restarted(0), 0)).toBe(true);
    expect(await isEndedFromOutside(engine, restarted(1), 0)).toBe(false);
  });

  it('tells a restart by somebody that is over before it is looked into', async () => {
    const startedAnew = { Running: true, StartedAt: '2026-01-01T00:00:09Z' };
    const look = (RestartCount: number) =>
      isEndedFromOutside(new ContainerStore([containerInspect({ State: startedAnew, RestartCount })]).engine, ended, 0);
    expect(await look(0)).toBe(true);
    expect(await look(1)).toBe(false);
    expect(await isEndedFromOutside(new ContainerStore([ended]).engine, ended, 0)).toBe(false);
  });

  it('says nothing of what ends while the engine shuts down', async () => {
    const store = new ContainerStore([]);
    store.isShuttingDown = true;
    await expect(isEndedFromOutside(store.engine, ended, 0)).rejects.toThrow(EngineUnreachable);
  });

  it('blames nobody else for a lack of memory', async () => {
    const store = new ContainerStore([]);
    store.signals = undefined;
    const State = { ...ended.State, ExitCode: 137, OOMKilled: true };
    expect(await isEndedFromOutside(store.engine, { ...ended, State }, 0)).toBe(false);
  });
});
