import { count } from '../runner/chaos-report.js';
import type { EngineCall, Fate } from './engine-proxy.js';
import type { FaultRig } from './fault-points.js';

/** What is done to one update, and where. */
export interface Disturbance {
  kind: string;
  at: string;
  /** Answers what the service said of it, if that is of interest. */
  make: (rig: FaultRig) => Promise<unknown>;
}

const faults: [what: string, fate: Fate, when: 'before' | 'after'][] = [
  ['answered 409', { statusCode: 409 }, 'before'],
  ['answered 404', { statusCode: 404 }, 'before'],
  ['answered 500', { statusCode: 500 }, 'before'],
  ['done, but its answer is lost', 'drop', 'after'],
  ['lost', 'drop', 'before'],
  ['never answered', 'hang', 'before'],
];

/** The service is killed before and after each call to the engine. */
export function killsAround(calls: EngineCall[]): Disturbance[] {
  return calls.flatMap(({ index, method, path }) =>
    (['before', 'after'] as const).map((when) => ({
      kind: `service killed ${when} a call`,
      at: `killed ${when} call ${index}, ${method} ${path}`,
      make: (rig: FaultRig) => rig.killAt(index, when),
    })),
  );
}

export function killsAtRandom(times: number, durationMs: number): Disturbance[] {
  return Array.from({ length: times }, (_, time) => ({
    kind: 'service killed at a random instant',
    at: `random kill ${time}`,
    make: (rig: FaultRig) => rig.killAtRandom(durationMs),
  }));
}

/** Each call fails once, in each way. */
export function faultsOf(calls: EngineCall[]): Disturbance[] {
  return faults.flatMap(([what, fate, when]) =>
    calls.map(({ index, method, path }) => ({
      kind: `a call is ${what}`,
      at: `call ${index}, ${method} ${path}, ${what}`,
      make: (rig: FaultRig) => rig.failAt(index, fate, when),
    })),
  );
}

/**
 * The new container dies, or is removed by somebody, before each call from the exchange of the names to the stop of the old one:
 * from there on the service looks once more, and removes the old one at once.
 */
export function replacementsLost(calls: EngineCall[]): Disturbance[] {
  const from = calls.findLastIndex(({ path }) => path.includes('/rename'));
  const to = calls.findLastIndex(({ path }) => path.includes('/stop'));
  return (['dies', 'is removed'] as const).flatMap((what) =>
    calls.slice(from + 1, to + 1).map(({ index, method, path }) => ({
      kind: `the new container ${what} after it got the name`,
      at: `${what} before call ${index}, ${method} ${path}`,
      make: (rig: FaultRig) => rig.loseReplacementAt(index, what),
    })),
  );
}

/** Somebody creates a container with the name, before each call that finds it free. */
export function namesTaken(calls: EngineCall[]): Disturbance[] {
  return calls.map(({ index, method, path }) => ({
    kind: 'the name is taken by somebody else',
    at: `before call ${index}, ${method} ${path}`,
    make: (rig: FaultRig) => rig.takeNameAt(index),
  }));
}

/** The engine is ended after each of these calls, as a host's shutdown does it and as a crash does it, and started again. */
export function enginesHalts(calls: RegExp[]): Disturbance[] {
  return (['SIGTERM', 'SIGKILL'] as const).flatMap((signal) =>
    calls.map((path) => ({
      kind: `engine ended with ${signal} and started`,
      at: `${signal} after ${String(path)}`,
      make: (rig: FaultRig) => rig.haltEngineAfter(path, signal),
    })),
  );
}

/** Makes them one after the other; answers after which of them something was out of order, or went wrong. */
export async function disturb(rig: FaultRig, disturbances: readonly Disturbance[]): Promise<string[]> {
  const failures: string[] = [];
  for (const { kind, at, make } of disturbances) {
    const counted = count(rig.engine.title, rig.scenario, kind);
    const fail = (why: string): void => {
      failures.push(`${rig.engine.title}, ${rig.scenario}, ${at}: ${why}`);
      counted.isNot(`${at}: ${why}`);
    };
    try {
      const oldId = await rig.setUp();
      const said = await make(rig);
      const disorder = await rig.disorder(oldId);
      if (disorder.length > 0) fail(`${disorder.join('; ')}${typeof said === 'string' ? ` (${said})` : ''}`);
    } catch (error) {
      const { message, cause } = error as Error;
      fail(cause instanceof Error ? `${message}: ${cause.message}` : message);
    }
  }
  return failures;
}
