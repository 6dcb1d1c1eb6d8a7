import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { ContainerRules } from '../rules/container-rules.js';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { Inspection } from './inspection.js';
import type { Surroundings } from '../instance/surroundings.js';
import { nameOf } from '../engine/container.js';

const idOf = (digit: string): string => digit.repeat(64);
const web = containerInspect({ Id: idOf('a'), Name: '/web' });
const sidecar = (digit: string, of: string): ContainerInspect =>
  containerInspect({
    Id: idOf(digit),
    Name: `/sidecar-${digit}`,
    HostConfig: { NetworkMode: `container:${idOf(of)}` },
  });
const alone = (digit: string): ContainerInspect => containerInspect({ Id: idOf(digit), Name: `/alone-${digit}` });

/** An engine with these containers, and what was inspected of it. */
function inspectionOf(
  containers: ContainerInspect[],
  selfId?: string,
): {
  dependentsOf: (target: ContainerInspect) => Promise<string[]>;
  inspected: string[];
  /** The ids of those that it says once not to have. */
  denied: Set<string>;
} {
  const inspected: string[] = [];
  const denied = new Set<string>();
  const engine = {
    listContainers: () => Promise.resolve(containers),
    inspectContainer: (id: string) => {
      inspected.push(id);
      const found = containers.find(({ Id }) => Id === id);
      if (!found || denied.delete(id)) return Promise.reject(new EngineError(`GET ${id}`, 404, 'no such container'));
      return Promise.resolve(found);
    },
    inspectImage: () => Promise.resolve({ Id: web.Image }),
  } as unknown as Engine;
  const rules = { refresh: () => Promise.resolve(), refusalOf: () => undefined } as unknown as ContainerRules;
  const surroundings = { among: () => Promise.resolve({ selfId, proxyIds: [] }) } as unknown as Surroundings;
  const inspection = new Inspection(engine, rules, surroundings, { selfUpdate: false });
  return {
    inspected,
    denied,
    dependentsOf: async (target) => {
      const present = containers.map(({ Id, Name, Image }) => ({ Id, Names: [Name], Image, ImageID: Image }));
      const [, ...dependents] = await inspection.inspect(target, present, () => true);
      return dependents.map(({ old }) => nameOf(old));
    },
  };
}

describe('what depends on a container', () => {
  it('is looked for among all at first, and then among those that are new or depend on something', async () => {
    const containers = [web, alone('b'), alone('c'), sidecar('d', 'b')];
    const { dependentsOf, inspected } = inspectionOf(containers);
    expect(await dependentsOf(web)).toEqual([]);
    expect(inspected.splice(0).sort()).toEqual(['b', 'c', 'd'].map(idOf));
    containers.push(sidecar('e', 'a'), alone('f'));
    expect(await dependentsOf(web)).toEqual(['sidecar-e']);
    expect(inspected.splice(0).sort()).toEqual(['d', 'e', 'f'].map(idOf));
    expect(await dependentsOf(web)).toEqual(['sidecar-e']);
    expect(inspected.splice(0).sort()).toEqual(['d', 'e'].map(idOf));
  });

  it('is found where the engine says of one that is there that it is gone, and not missed afterwards', async () => {
    const { dependentsOf, denied } = inspectionOf([web, alone('b'), sidecar('c', 'a')]);
    denied.add(idOf('c'));
    expect(await dependentsOf(web)).toEqual(['sidecar-c']);
    expect([...denied]).toEqual([]);
    expect(await dependentsOf(web)).toEqual(['sidecar-c']);
  });

  it('is found for each target, whatever was looked for before', async () => {
    const [b, c] = [alone('b'), sidecar('c', 'b')];
    const { dependentsOf } = inspectionOf([web, b, c, sidecar('d', 'a')]);
    expect(await dependentsOf(web)).toEqual(['sidecar-d']);
    expect(await dependentsOf(b)).toEqual(['sidecar-c']);
    expect(await dependentsOf(c)).toEqual([]);
    expect(await dependentsOf(web)).toEqual(['sidecar-d']);
  });
});

describe('what the service itself depends on', () => {
  it('is refused with what to do, whether the service may update itself or not', async () => {
    const { dependentsOf } = inspectionOf([web, sidecar('d', 'a')], idOf('d'));
    await expect(dependentsOf(web)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/^sidecar-d, the container of this service.*update web by hand/),
    });
  });
});
