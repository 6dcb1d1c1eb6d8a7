import { describe, expect, it } from '@jest/globals';
import {
  newDigest,
  newImage,
  oldDigest,
  oldImage,
  serviceInspect,
  serviceSpec,
  task,
} from '../../../test/support/fixtures/services.js';
import type { Disclosure } from '../report/disclosure.js';
import type { Engine } from '../engine/engine.js';
import { UpdateError, type UpdateOutcome } from '../update/outcome.js';
import { RunningUpdate } from '../update/running-update.js';
import type { TagPuller } from '../images/tag-puller.js';
import type { ServiceInspection } from './service-inspection.js';
import { ServiceUpdates } from './service-updates.js';
import type { SwarmManager } from './swarm-manager.js';
import type { ServiceInspect, ServiceSpec, UpdateState } from '../engine/swarm-types.js';

const never = new AbortController().signal;

interface Ended {
  outcome: UpdateOutcome;
  stages: string[];
  /** The images, versions and credentials that Swarm was handed. */
  handed: unknown[];
}

/** Updates a service to `newDigest` in a Swarm that does at once what it is asked, and goes on by itself with what it is at. */
async function updated(found: ServiceInspect): Promise<Ended> {
  const handed: unknown[] = [];
  const stages: string[] = [];
  let present = found;
  let looks = 0;
  const manager = {
    inspectService: () => {
      if (looks++ > 0) present = { ...present, UpdateStatus: { State: 'completed' } };
      return Promise.resolve(present);
    },
    listTasks: () =>
      Promise.resolve([{ ...task({ image: present.Spec.TaskTemplate.ContainerSpec?.Image }), ID: 'one' }]),
    updateService: (_: string, version: number, Spec: ServiceSpec, registryAuth?: string) => {
      handed.push([Spec.TaskTemplate.ContainerSpec?.Image, version, registryAuth]);
      present = { ...present, Spec, UpdateStatus: undefined };
      return Promise.resolve([]);
    },
  } as unknown as SwarmManager;
  const served = {
    descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: newDigest },
    platforms: [{ architecture: 'amd64', os: 'linux' }],
    registryAuth: 'credentials',
  };
  const updates = new ServiceUpdates(
    {} as Engine,
    manager,
    {
      inspect: () => Promise.resolve(),
      assertMayUpdate: () => undefined,
      optionsOf: () => ({ options: { settleMs: 0 }, warnings: [] }),
    } as unknown as ServiceInspection,
    { resolve: () => Promise.resolve(served) } as unknown as TagPuller,
    { secretsOfService: () => [] } as unknown as Disclosure,
    { engineWaitMs: 0, logTailLines: 0, proofTimeoutMs: 10_000, pullTimeoutMs: 10_000 },
  );
  const report = {
    stage: (stage: string) => Promise.resolve(void stages.push(stage)),
    progress: () => undefined,
    log: () => undefined,
  };
  const outcome = await updates.update(found, new RunningUpdate(report, { begun: never, nearlyOver: never }));
  return { outcome, stages, handed };
}

const running = (image: string, State?: UpdateState): ServiceInspect =>
  serviceInspect({ Spec: serviceSpec(image), ...(State ? { UpdateStatus: { State } } : {}) });

describe('the update of a service', () => {
  it('hands the new digest and the credentials to Swarm', async () => {
    const { outcome, stages, handed } = await updated(running(oldImage));
    expect(handed).toEqual([[newImage, 11, 'credentials']]);
    expect(stages).toEqual(['pull', 'swap', 'prove']);
    expect(outcome).toMatchObject({ status: 'succeeded', result: 'updated', digest: newDigest });
  });

  it.each([undefined, 'completed', 'rollback_completed'] as const)(
    'hands nothing over where the service has that digest, and Swarm says %s',
    async (state) => {
      const { outcome, stages, handed } = await updated(running(newImage, state));
      expect([handed, stages]).toEqual([[], ['pull']]);
      expect(outcome).toMatchObject({ status: 'succeeded', result: 'up_to_date', running: true });
    },
  );

  it.each(['paused', 'rollback_paused', 'rollback_started'] as const)(
    'hands the same digest over again where Swarm has come to %s, so that it goes on',
    async (state) => {
      const { outcome, handed } = await updated(running(newImage, state));
      expect(handed).toEqual([[newImage, 11, 'credentials']]);
      expect(outcome).toMatchObject({ status: 'succeeded', result: 'updated' });
    },
  );

  it('waits for the same update where Swarm is at it already', async () => {
    const { outcome, stages, handed } = await updated(running(newImage, 'updating'));
    expect([handed, stages]).toEqual([[], ['pull', 'swap', 'prove']]);
    expect(outcome).toMatchObject({ result: 'updated', warnings: [expect.stringContaining('at this update already')] });
  });
});

describe('the rollback of a service', () => {
  const rolledBack = async (
    refusalOfImage?: string,
  ): Promise<{ handed: number; image?: string; digest?: string; code?: string; asked: string[] }> => {
    let handed = 0;
    let looks = 0;
    const asked: string[] = [];
    const before = serviceSpec(`elsewhere.example/web:1@${oldDigest}`);
    let present = serviceInspect({ Spec: serviceSpec(newImage), PreviousSpec: before });
    const manager = {
      inspectService: () => {
        if (looks++ > 0) present = { ...present, UpdateStatus: { State: 'rollback_completed' } };
        return Promise.resolve(present);
      },
      listTasks: () =>
        Promise.resolve([{ ...task({ image: present.Spec.TaskTemplate.ContainerSpec?.Image }), ID: 'one' }]),
      rollBackService: () => {
        handed += 1;
        present = { ...present, Spec: before, PreviousSpec: undefined, UpdateStatus: undefined };
        return Promise.resolve([]);
      },
    } as unknown as SwarmManager;
    const updates = new ServiceUpdates(
      {} as Engine,
      manager,
      {
        inspect: () => Promise.resolve({ image: 'registry.example/web:1' }),
        assertMayUpdate: () => undefined,
        assertMayRun: (_: ServiceSpec, image: string) => {
          asked.push(image);
          if (refusalOfImage) throw new UpdateError('refused', 'pull', refusalOfImage);
        },
        optionsOf: () => ({ options: { settleMs: 0 }, warnings: [] }),
      } as unknown as ServiceInspection,
      {} as TagPuller,
      { secretsOfService: () => [] } as unknown as Disclosure,
      { engineWaitMs: 0, logTailLines: 0, proofTimeoutMs: 10_000, pullTimeoutMs: 10_000 },
    );
    const report = { stage: () => Promise.resolve(), progress: () => undefined, log: () => undefined };
    const update = new RunningUpdate(report, { begun: never, nearlyOver: never });
    const code = await updates.rollBack(present, update).then(
      () => undefined,
      (error: unknown) => (error as { code: string }).code,
    );
    const { image, digest } = update.findings;
    return { handed, image, digest, code, asked };
  };

  it('names the image that it goes back to', async () => {
    expect(await rolledBack()).toMatchObject({
      handed: 1,
      image: 'elsewhere.example/web:1',
      digest: oldDigest,
      code: undefined,
    });
  });

  it('asks the policy for that image, and hands nothing over where it is refused', async () => {
    const { handed, code, asked } = await rolledBack('is refused');
    expect([handed, code, asked]).toEqual([0, 'refused', [`elsewhere.example/web:1@${oldDigest}`]]);
  });
});
