import { expect } from '@jest/globals';
import type { Deployment } from '../../src/deployments/deployment.js';
import type { ContainerInspect } from '../../src/docker/engine/engine-types.js';
import type { EngineUnderTest } from '../support/runner/environment.js';
import type { Service } from '../support/service/service.js';

/** A case on an engine: the container, and what became of it. */
export interface Subject {
  name: string;
  /** Why the client could not make it. */
  failure?: string;
  before?: ContainerInspect;
  deployment?: Deployment;
}

/** What a suite has to do before its tests, on engines side by side: each takes its time. */
export interface Suite {
  prepare: () => Promise<void>;
  cleanUp: () => Promise<void>;
}

/** `npm test` takes every so-manieth case; `npm run test:conformance` takes all, and writes docs/conformance.md. */
export const isFull = process.env.TEST_CONFORMANCE === 'all';

export function sampleOf<T>(all: readonly T[], every: number): T[] {
  return all.filter((_, index) => isFull || index % every === 0);
}

/** Notifies all at once, as a registry with many images would. */
export async function updateAll(service: Service, subjects: Subject[]): Promise<void> {
  const accepted = await Promise.all(
    subjects
      .filter(({ failure }) => failure === undefined)
      .map(async (subject) => {
        const response = await service.notify(subject.name);
        expect(response.status).toBe(202);
        return { subject, id: ((await response.json()) as { id: string }).id };
      }),
  );
  for (const { subject, id } of accepted) subject.deployment = await service.settled(id, 900_000);
}

export async function inspect(engine: EngineUnderTest, name: string): Promise<ContainerInspect> {
  return (await engine.docker.getContainer(name).inspect()) as unknown as ContainerInspect;
}

/** The value at a path such as `HostConfig.Memory`. */
export function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
