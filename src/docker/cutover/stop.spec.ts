import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { EngineError, EngineTimeout } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import { stopContainer } from './stop.js';

interface Asked {
  graceSeconds?: number;
  graceMs: number;
  signal?: AbortSignal;
}

/** One container that ends on its own after a while, and the calls that were made. */
function engineOf(endsAfterMs: number, answer: () => Promise<void>, maxStopMs = 600_000) {
  const began = performance.now();
  const calls: (Asked | 'kill')[] = [];
  let killed = false;
  const engine = {
    maxStopMs,
    inspectContainer: () =>
      Promise.resolve(containerInspect({ State: { Running: !killed && performance.now() - began < endsAfterMs } })),
    stopContainer: (_: string, asked: Asked) => (calls.push(asked), answer()),
    killContainer: () => ((killed = true), calls.push('kill'), Promise.resolve()),
  };
  return { engine: engine as unknown as Engine, calls };
}
const answered = (): Promise<void> => Promise.resolve();
const lost = (): Promise<void> => Promise.reject(new EngineTimeout('no answer'));
const withTimeout = (StopTimeout?: number) => containerInspect({ Config: { StopTimeout } });

describe('stopContainer', () => {
  it.each([
    [undefined, { graceSeconds: undefined, graceMs: 10_000 }],
    [30, { graceSeconds: undefined, graceMs: 30_000 }],
    [-1, { graceSeconds: 600, graceMs: 600_000 }],
    [2_147_483_647, { graceSeconds: 600, graceMs: 600_000 }],
  ])('asks for the grace of a stop timeout of %s, at most MAX_STOP_TIME', async (timeout, asked) => {
    const { engine, calls } = engineOf(0, answered);
    await stopContainer(engine, withTimeout(timeout), 'swap');
    expect(calls).toEqual([expect.objectContaining(asked)]);
  });

  it.each([
    ['the answer is lost', lost],
    ['a proxy gives up waiting', () => Promise.reject(new EngineError('POST stop', 504, 'gateway timeout'))],
  ])('does not kill a container within its grace when %s', async (_, answer) => {
    const { engine, calls } = engineOf(400, answer);
    await stopContainer(engine, withTimeout(1), 'swap');
    expect(calls).toHaveLength(1);
  });

  it('leaves a container to the engine when the service stops', async () => {
    const { engine, calls } = engineOf(60_000, lost);
    const nearlyOver = AbortSignal.abort();
    const stop = stopContainer(engine, withTimeout(60), 'swap', { drain: { begun: nearlyOver, nearlyOver } });
    await expect(stop).rejects.toMatchObject({ code: 'interrupted', stage: 'swap' });
    expect(calls).toHaveLength(1);
  });

  it('waits for the end of a removal that somebody else has begun', async () => {
    const { engine, calls } = engineOf(0, answered);
    const states = ['removing', 'removing', undefined];
    engine.inspectContainer = () => {
      const Status = states.shift();
      return Status
        ? Promise.resolve(containerInspect({ State: { Running: false, Status } }))
        : Promise.reject(new EngineError('GET', 404, 'no such container'));
    };
    await stopContainer(engine, withTimeout(), 'swap');
    expect([calls.length, states]).toEqual([1, []]);
  });

  it('kills once the grace is over', async () => {
    const { engine, calls } = engineOf(60_000, lost);
    const began = performance.now();
    await stopContainer(engine, withTimeout(0), 'swap');
    expect(calls.at(-1)).toBe('kill');
    expect(performance.now() - began).toBeGreaterThan(1900);
  });
});
