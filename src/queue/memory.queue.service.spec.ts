import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { MemoryDeploymentStore } from '../deployments/memory.deployment-store.js';
import { MemoryQueueService } from './memory.queue.service.js';
import { QueueFull } from './queue.service.js';

function build(queueSize: number) {
  const deployments = new DeploymentsService(
    new MemoryDeploymentStore({ deploymentsKept: 100 }),
    new DeploymentEvents(),
  );
  return { deployments, queue: new MemoryQueueService({ queueSize }, deployments) };
}

const never = new AbortController().signal;

describe('MemoryQueueService', () => {
  it('joins a request to the one of the same container that waits, also when it is full (S7, S13)', async () => {
    const { queue } = build(1);
    const first = await queue.add('web', 'ci');
    const second = await queue.add('web', 'ci');
    expect(first).toMatchObject({ coalesced: false, position: 1 });
    expect(second).toMatchObject({ coalesced: true, position: 1 });
    expect(second.deployment).toMatchObject({ id: first.deployment.id, coalesced: 1 });
    await expect(queue.add('api', 'ci')).rejects.toThrow(QueueFull);
    expect(await queue.size()).toBe(1);
  });

  it('lets a request wait anew once its container was taken (S13)', async () => {
    const { queue } = build(10);
    const first = await queue.add('web', 'ci');
    await queue.take(never);
    const second = await queue.add('web', 'ci');
    expect(second.coalesced).toBe(false);
    expect(second.deployment.id).not.toBe(first.deployment.id);
  });

  it('remembers what each of those who joined may have updated', async () => {
    const { queue } = build(1);
    for (const mayUpdate of [['web'], ['*'], ['web']]) await queue.add('web', 'ci', mayUpdate);
    expect((await queue.take(never))?.permissions).toEqual([['web'], ['*']]);
  });

  it('does what was asked for last: a rollback and a notify of one container do not join, and the later one comes last', async () => {
    const { queue } = build(10);
    const first = await queue.add('web', 'ci');
    await queue.add('web', 'operator', ['*'], 'rollback');
    const again = await queue.add('web', 'ci');
    expect(again).toMatchObject({ coalesced: true, position: 2, deployment: { id: first.deployment.id } });
    expect([(await queue.take(never))?.kind, (await queue.take(never))?.kind]).toEqual(['rollback', 'notify']);
  });

  it('wakes whoever waits to take, and lets go of them when their signal is aborted', async () => {
    const { queue } = build(10);
    const taken = queue.take(never);
    const { deployment } = await queue.add('web', 'ci');
    expect(await taken).toEqual({
      container: 'web',
      kind: 'notify',
      deploymentId: deployment.id,
      permissions: [['web']],
    });
    const controller = new AbortController();
    const nothing = queue.take(controller.signal);
    controller.abort();
    expect(await nothing).toBeUndefined();
  });

  it('never holds more than it may, whatever arrives at once', async () => {
    const { queue } = build(5);
    const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => queue.add(`c${index}`, 'ci')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await queue.size()).toBe(5);
  });

  it('behaves as a list without repetition does, for any sequence of requests', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f').map((container) => ({ add: container })) },
      { weight: 2, arbitrary: fc.constant({ take: true }) },
      { weight: 1, arbitrary: fc.constant({ clear: true }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), async (queueSize, steps) => {
        const { queue } = build(queueSize);
        let model: string[] = [];
        for (const action of steps) {
          if ('add' in action) {
            const waits = model.includes(action.add);
            if (!waits && model.length === queueSize) {
              await expect(queue.add(action.add, 'ci')).rejects.toThrow(QueueFull);
              continue;
            }
            if (!waits) model.push(action.add);
            const { coalesced, position } = await queue.add(action.add, 'ci');
            expect({ coalesced, position }).toEqual({ coalesced: waits, position: model.indexOf(action.add) + 1 });
          } else if ('take' in action) {
            if (model.length > 0) expect((await queue.take(never))?.container).toBe(model.shift());
          } else {
            expect((await queue.clear()).map(({ container }) => container)).toEqual(model);
            model = [];
          }
          expect(await queue.size()).toBe(model.length);
        }
      }),
    );
  });
});
