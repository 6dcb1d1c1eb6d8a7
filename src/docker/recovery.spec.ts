import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../test/support/containers.js';
import type { ContainerRules } from './container-rules.js';
import { EngineError } from './engine-error.js';
import type { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import { Recovery } from './recovery.js';
import { parkedName, replacementName } from './temporary-names.js';

const [webBefore, web, sidecarBefore, sidecar] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];
const stopped = { Running: false, Status: 'exited', FinishedAt: '2026-01-02T00:00:00Z' };
const Created = '2026-01-01T12:00:00Z';

/** Cut off right after the start of the new target: its dependent was stopped and nothing more. */
function cutOff(): Map<string, ContainerInspect> {
  const containers = [
    { Id: webBefore, Name: `/${parkedName('web', webBefore)}`, State: stopped },
    { Id: web, Name: '/web', Created },
    {
      ...{ Id: sidecarBefore, Name: '/web-sidecar', State: stopped },
      HostConfig: { NetworkMode: `container:${webBefore}` },
    },
    {
      ...{ Id: sidecar, Name: `/${replacementName('web-sidecar', sidecarBefore)}`, Created },
      State: { Running: false, Status: 'created' },
      HostConfig: { NetworkMode: `container:${web}` },
    },
  ];
  return new Map(containers.map((container) => [container.Id, containerInspect(container)]));
}

/** What a recovery asks of an engine, done to the containers. */
function engineWith(containers: Map<string, ContainerInspect>): Engine {
  const inspect = (nameOrId: string): ContainerInspect => {
    const found = [...containers.values()].find(({ Id, Name }) => Id.startsWith(nameOrId) || Name === `/${nameOrId}`);
    if (!found) throw new EngineError(`GET ${nameOrId}`, 404, 'no such container');
    return found;
  };
  const set = (id: string, changed: Partial<ContainerInspect>): void => {
    containers.set(id, { ...inspect(id), ...changed });
  };
  const calls: Partial<Record<keyof Engine, (id: string, name: string) => unknown>> = {
    inspectContainer: inspect,
    renameContainer: (id, name) => {
      set(id, { Name: `/${name}` });
    },
    startContainer: (id) => {
      set(id, { State: { ...inspect(id).State, Running: true } });
    },
    removeContainer: (id) => containers.delete(id),
  };
  const answering = Object.entries(calls).map(([name, call]) => [
    name,
    (...args: [string, string]) =>
      new Promise((resolve) => {
        resolve(call(...args));
      }),
  ]);
  return Object.fromEntries(answering) as Engine;
}

describe('the recovery of an update that was cut off', () => {
  it('asks for the proof that each container wants by its own name, also of one that has it not yet', async () => {
    const containers = cutOff();
    const asked: string[] = [];
    const rules = {
      optionsOf: (name: string) => {
        asked.push(name);
        return { proof: 'none', settleMs: 0 };
      },
    } as unknown as ContainerRules;
    const settings = { proofTimeoutMs: 1000, keepPreviousImage: false, removeReplacedImages: false };
    const { signal } = new AbortController();
    const present = [...containers.values()].map(({ Id, Name, Image }) => ({
      ...{ Id, Names: [Name], Image, ImageID: Image },
    }));
    const found = await new Recovery(engineWith(containers), rules, settings).run(present, {
      begun: signal,
      nearlyOver: signal,
    });
    expect([found, asked]).toEqual([{ repaired: ['web'], undone: [] }, ['web', 'web-sidecar']]);
    expect([...containers.values()].map(({ Id, Name, State }) => [Id, Name, State.Running])).toEqual([
      [web, '/web', true],
      [sidecar, '/web-sidecar', true],
    ]);
  });
});
