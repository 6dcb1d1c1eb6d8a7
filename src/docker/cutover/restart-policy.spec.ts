import { describe, expect, it } from '@jest/globals';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import { noRestart, setRestartPolicy } from './restart-policy.js';

/** An engine that answers so often with this error before it does what is asked. */
function engineThatRefuses(detail: string, times: number): { engine: Engine; calls: () => number } {
  let calls = 0;
  const updateRestartPolicy = (): Promise<void> =>
    ++calls > times ? Promise.resolve() : Promise.reject(new EngineError('POST /containers/x/update', 500, detail));
  return { engine: { updateRestartPolicy } as unknown as Engine, calls: () => calls };
}

describe('setRestartPolicy', () => {
  it.each([
    'runc did not terminate successfully: exit status 1: cannot update a stopped container',
    'Cannot update container 00c6: cannot update a deleted process',
    'container 00c6 is not running',
  ])('tries again while the process of a crash loop has just ended: %s', async (detail) => {
    const { engine, calls } = engineThatRefuses(detail, 2);
    await setRestartPolicy(engine, 'x', noRestart);
    expect(calls()).toBe(3);
  });

  it('passes every other refusal on at once', async () => {
    const { engine, calls } = engineThatRefuses('permission denied', 2);
    await expect(setRestartPolicy(engine, 'x', noRestart)).rejects.toThrow('permission denied');
    expect(calls()).toBe(1);
  });
});
