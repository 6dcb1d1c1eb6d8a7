import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { serviceInspect, serviceSpec } from '../../../test/support/fixtures/services.js';
import type { ContainerRules } from '../rules/container-rules.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import type { Surroundings } from '../instance/surroundings.js';
import { ServiceInspection } from './service-inspection.js';
import type { SwarmManager } from './swarm-manager.js';
import { swarmServiceLabel } from '../engine/container.js';

const service = serviceInspect();
const labelled = containerInspect({ Config: { Image: 'x', Labels: { [swarmServiceLabel]: service.ID } } });

/** Inspects a service whose label one container, the proxy, carries. */
async function inspectWith(imageLabels: Record<string, string>): Promise<void> {
  const engine = {
    listRunningByLabel: () => Promise.resolve([{ Id: labelled.Id }]),
    inspectContainer: () => Promise.resolve(labelled),
    inspectImage: () => Promise.resolve({ Config: { Labels: imageLabels } }),
  } as unknown as Engine;
  const surroundings = {
    among: (all: ContainerInspect[]) => Promise.resolve({ proxyIds: all.map(({ Id }) => Id) }),
  } as unknown as Surroundings;
  const rules = {
    refresh: () => Promise.resolve(),
    restrictionOf: () => undefined,
  } as unknown as ContainerRules;
  const inspection = new ServiceInspection(engine, {} as SwarmManager, rules, surroundings, { selfUpdate: false });
  await inspection.inspect(service);
}

describe('the inspection of a service', () => {
  it('knows the proxy among its tasks', async () => {
    await expect(inspectWith({})).rejects.toThrow('is the proxy');
  });

  it('takes no container for a task that has the label from its image', async () => {
    await expect(inspectWith({ [swarmServiceLabel]: service.ID })).resolves.toBeUndefined();
  });

  it('refuses an image that the policy does not let it run', () => {
    const rules = { refusalOfImage: (name: string, [image]: string[]) => `${name} ${String(image)}` };
    const unused = undefined as never;
    const inspection = new ServiceInspection(unused, unused, rules as never, unused, { selfUpdate: false });
    expect(() => {
      inspection.assertMayRun(serviceSpec(), 'elsewhere/web');
    }).toThrow('elsewhere/web');
  });
});
