import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { serviceInspect, serviceSpec } from '../../../test/support/fixtures/services.js';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { ServiceInspection } from '../swarm/service-inspection.js';
import type { SwarmManager } from '../swarm/swarm-manager.js';
import type { ServiceInspect } from '../engine/swarm-types.js';
import { TargetResolver, type Target } from './target-resolver.js';
import { swarmServiceLabel } from '../engine/container.js';

const web = containerInspect({ Id: 'c'.repeat(64), Name: '/web' });
const service = serviceInspect();
const task = containerInspect({
  Id: 'd'.repeat(64),
  Name: '/web.1.x8k',
  Config: { Labels: { [swarmServiceLabel]: service.ID } },
});

interface Given {
  containers?: ContainerInspect[];
  services?: ServiceInspect[];
  role?: 'manager' | 'worker';
  /** Labels of the image that all of them run; null where it is gone. */
  imageLabels?: Record<string, string> | null;
}

/** An engine that knows these, and every call that it was asked. */
function engineWith({ containers = [], services = [], role = 'manager', imageLabels = {} }: Given): {
  targets: TargetResolver;
  calls: string[];
} {
  const calls: string[] = [];
  const missing = (what: string): never => {
    throw new EngineError('GET', 404, `no such ${what}`);
  };
  const engine = {
    info: () => Promise.resolve({ Swarm: { ControlAvailable: role === 'manager' } }),
    inspectImage: () =>
      Promise.resolve().then(() => (imageLabels ? { Config: { Labels: imageLabels } } : missing('image'))),
    inspectContainer: (name: string) => {
      calls.push(`container ${name}`);
      const found = containers.find(({ Id, Name }) => Name === `/${name}` || Id.startsWith(name));
      return Promise.resolve().then(() => found ?? missing('container'));
    },
  } as unknown as Engine;
  const manager = {
    inspectService: (name: string) => {
      calls.push(`service ${name}`);
      const found = services.find(({ ID, Spec }) => Spec.Name === name || ID.startsWith(name));
      return Promise.resolve().then(() => {
        if (role === 'worker') throw new EngineError('GET', 503, 'This node is not a swarm manager.');
        return found ?? missing('service');
      });
    },
  } as unknown as SwarmManager;
  const unused = undefined as never;
  return { targets: new TargetResolver(engine, new ServiceInspection(engine, manager, unused, unused, unused)), calls };
}

const all = (): boolean => true;
const nameOf = (found: Target): string => (found.service ? found.service.Spec.Name : found.container.Name);

describe('what a name means', () => {
  it('is a container where there is one, for which nothing else is asked', async () => {
    for (const role of ['manager', 'worker'] as const) {
      const { targets, calls } = engineWith({ containers: [web], services: [service], role });
      expect(nameOf(await targets.find('web', undefined, all))).toBe('/web');
      expect(calls).toEqual(['container web']);
    }
  });

  it('is a service where there is no container', async () => {
    const { targets } = engineWith({ services: [service] });
    expect(nameOf(await targets.find('web', undefined, all))).toBe('web');
  });

  it('is what the caller says', async () => {
    const { targets, calls } = engineWith({ containers: [web], services: [service] });
    expect(nameOf(await targets.find('web', 'service', all))).toBe('web');
    expect(nameOf(await targets.find('web', 'container', all))).toBe('/web');
    expect(calls).toEqual(['service web', 'container web']);
  });

  it("is the service of a task's container, unless the caller wants the container", async () => {
    const { targets } = engineWith({ containers: [task], services: [service] });
    expect(nameOf(await targets.find('web.1.x8k', undefined, all))).toBe('web');
    expect(nameOf(await targets.find('web.1.x8k', 'container', all))).toBe('/web.1.x8k');
  });

  it('is the container where the label of a task comes from its image, or nobody can tell', async () => {
    for (const imageLabels of [{ [swarmServiceLabel]: service.ID }, null]) {
      const { targets, calls } = engineWith({ containers: [task], services: [service], imageLabels });
      expect(nameOf(await targets.find('web.1.x8k', undefined, all))).toBe('/web.1.x8k');
      expect(calls).toEqual(['container web.1.x8k']);
    }
  });

  it('is but the container on a worker, which knows no services', async () => {
    const { targets } = engineWith({ containers: [task], role: 'worker' });
    expect(nameOf(await targets.find('web.1.x8k', undefined, all))).toBe('/web.1.x8k');
  });

  it('does not lead from a task to a service that those who ask may not update', async () => {
    const { targets } = engineWith({ containers: [task], services: [service] });
    const mayUpdate = (names: readonly string[]): boolean => names.every((name) => name.startsWith('web.'));
    await expect(targets.find('web.1.x8k', undefined, mayUpdate)).rejects.toMatchObject({
      code: 'refused',
      stage: 'inspect',
      message: expect.stringContaining('may update'),
    });
  });

  it('is never an id, nor the beginning of one', async () => {
    const { targets } = engineWith({ containers: [web], services: [service] });
    for (const id of [web.Id, web.Id.slice(0, 12), service.ID, service.ID.slice(0, 5)])
      await expect(targets.find(id, undefined, all)).rejects.toMatchObject({ code: 'no_such_container' });
  });

  it.each([
    [undefined, 'manager', 'no_such_container', 'there is no container named api, and there is no service named api'],
    [undefined, 'worker', 'no_such_container', 'there is no container named api'],
    ['container', 'manager', 'no_such_container', 'there is no container named api'],
    ['service', 'manager', 'no_such_service', 'there is no service named api'],
    ['service', 'worker', 'no_such_service', 'the engine is no manager of a Swarm, so that it knows no services'],
  ] as const)('of which there is nothing (kind %s, on a %s) is %s', async (kind, role, code, message) => {
    const { targets } = engineWith({ containers: [web], services: [service], role });
    await expect(targets.find('api', kind, all)).rejects.toMatchObject({ code, message });
  });
});

describe('a service that has the name of a container', () => {
  it('is told of, on a manager', async () => {
    const { targets } = engineWith({ containers: [web], services: [service] });
    expect(await targets.namesakeOf('web')).toEqual([expect.stringContaining('?kind=service')]);
    const others = engineWith({
      containers: [web],
      services: [serviceInspect({ Spec: serviceSpec('x', { Name: 'api' }) })],
    });
    expect(await others.targets.namesakeOf('web')).toEqual([]);
  });

  it('is not asked for elsewhere', async () => {
    const { targets, calls } = engineWith({ containers: [web], services: [service], role: 'worker' });
    expect(await targets.namesakeOf('web')).toEqual([]);
    expect(calls).toEqual([]);
  });
});
