import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/containers.js';
import { serviceInspect, serviceSpec } from '../../../test/support/services.js';
import type { ContainerRules } from '../container-rules.js';
import { swarmServiceLabel } from '../eligibility.js';
import type { Engine } from '../engine.js';
import type { ContainerInspect } from '../engine-types.js';
import type { Surroundings } from '../surroundings.js';
import { ServiceInspection } from './service-inspection.js';
import type { ServiceContext } from './service-refusal.js';
import type { SwarmManager } from './swarm-manager.js';

const service = serviceInspect();
const labelled = containerInspect({ Config: { Image: 'x', Labels: { [swarmServiceLabel]: service.ID } } });

/** Inspects a service of which this one container, the proxy, has the label; answers what the rules are told. */
async function contextWith(imageLabels: Record<string, string>): Promise<ServiceContext | undefined> {
  const engine = {
    listRunningByLabel: () => Promise.resolve([{ Id: labelled.Id }]),
    inspectContainer: () => Promise.resolve(labelled),
    inspectImage: () => Promise.resolve({ Config: { Labels: imageLabels } }),
  } as unknown as Engine;
  const surroundings = {
    among: (all: ContainerInspect[]) => Promise.resolve({ proxyIds: all.map(({ Id }) => Id) }),
  } as unknown as Surroundings;
  let told: ServiceContext | undefined;
  const rules = {
    refresh: () => Promise.resolve(),
    refusalOfService: (_: unknown, context: ServiceContext) => void (told = context),
  } as unknown as ContainerRules;
  const inspection = new ServiceInspection(engine, {} as SwarmManager, rules, surroundings, { selfUpdate: false });
  await inspection.inspect(service, {});
  return told;
}

describe('the inspection of a service', () => {
  it('knows the proxy among its tasks', async () => {
    expect(await contextWith({})).toEqual({ isOwn: false, isProxy: true });
  });

  it('takes no container for a task that has the label from its image', async () => {
    expect(await contextWith({ [swarmServiceLabel]: service.ID })).toEqual({ isOwn: false, isProxy: false });
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
