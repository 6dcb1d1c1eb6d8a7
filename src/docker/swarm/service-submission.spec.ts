import { describe, expect, it, jest } from '@jest/globals';
import { serviceInspect } from '../../../test/support/fixtures/services.js';
import { EngineError, EngineUnreachable } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import { UpdateError } from '../update/outcome.js';
import { submit, type Change } from './service-submission.js';
import type { SwarmManager } from './swarm-manager.js';

const outOfSequence = new EngineError('POST', 500, 'rpc error: code = Unknown desc = update out of sequence');
const found = serviceInspect();
const later = serviceInspect({ Version: { Index: 12 } });
const never = new AbortController().signal;
const drain = { begun: never, nearlyOver: never };

/** Hands a change to a Swarm of which `send` decides what becomes of it; whoever looks again finds `later`. */
function submitted(change: Change, draining = drain): Promise<string[]> {
  const engine = {
    connect: () => Promise.resolve('1.41'),
    assertTakesConnections: () => Promise.resolve(),
  } as unknown as Engine;
  const manager = { inspectService: () => Promise.resolve(later) } as unknown as SwarmManager;
  return submit(engine, manager, found, change, { waitMs: 0, drain: draining });
}

describe('submit', () => {
  it("answers with the engine's warnings", async () => {
    expect(await submitted({ isDone: () => false, send: () => Promise.resolve(['careful']) })).toEqual(['careful']);
  });

  it('does the same to what the service is now, where somebody else changed it', async () => {
    const send = jest.fn<Change['send']>().mockRejectedValueOnce(outOfSequence).mockResolvedValueOnce([]);
    await submitted({ isDone: () => false, send });
    expect(send.mock.calls.map(([service]) => service.Version.Index)).toEqual([11, 12]);
  });

  it('does not do it twice where only the answer was lost', async () => {
    const send = jest.fn<Change['send']>().mockRejectedValueOnce(new EngineUnreachable('gone'));
    await submitted({ isDone: (service) => service === later, send });
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('gives up after a few times', async () => {
    const send = jest.fn<Change['send']>().mockRejectedValue(outOfSequence);
    await expect(submitted({ isDone: () => false, send })).rejects.toMatchObject({
      code: 'engine_error',
      stage: 'swap',
      message: expect.stringContaining('nothing was changed'),
    });
    expect(send).toHaveBeenCalledTimes(5);
  });

  it('does not repeat what the engine refuses for another reason, nor what must no longer be done', async () => {
    const invalid = new EngineError('POST', 400, 'name must be valid as a DNS name component');
    const changed = new UpdateError('container_changed', 'swap', 'another image');
    for (const [failure, code] of [
      [invalid, 'engine_error'],
      [changed, 'container_changed'],
    ] as const) {
      const send = jest.fn<Change['send']>().mockRejectedValue(failure);
      await expect(submitted({ isDone: () => false, send })).rejects.toMatchObject({ code });
      expect(send).toHaveBeenCalledTimes(1);
    }
  });

  it('hands nothing over once the service stops', async () => {
    const send = jest.fn<Change['send']>();
    await expect(
      submitted({ isDone: () => false, send }, { ...drain, begun: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'interrupted' });
    expect(send).not.toHaveBeenCalled();
  });
});
