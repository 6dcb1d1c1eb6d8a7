import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import type { DeploymentRetry } from '../deployments/deployment.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { MemoryDeploymentStore } from '../deployments/memory.deployment-store.js';
import { MemoryQueueService } from './memory.queue.service.js';
import { Overtaken, QueueFull, type Job } from './queue.service.js';

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
    for (const mayUpdate of [['web'], ['*'], ['web']]) await queue.add('web', 'ci', { mayUpdate });
    expect((await queue.take(never))?.permissions).toEqual([['web'], ['*']]);
  });

  it('does what was asked for last: a rollback and a notify of one container do not join, and the later one comes last', async () => {
    const { queue } = build(10);
    const first = await queue.add('web', 'ci');
    await queue.add('web', 'operator', { kind: 'rollback', mayUpdate: ['*'] });
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

describe('MemoryQueueService with one that waits for its time', () => {
  const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
  const inMs = (delayMs: number): DeploymentRetry => ({
    stage: 'pull',
    code: 'digest_mismatch',
    message: 'not yet',
    notBefore: new Date(Date.now() + delayMs).toISOString(),
  });
  /** Takes the next one as the worker does; the test fails where there is none. */
  const begin = async ({ queue, deployments }: ReturnType<typeof build>): Promise<Job> => {
    const job = await queue.take(never);
    if (!job) throw new Error('nothing was taken');
    await deployments.start(job.deploymentId);
    return job;
  };

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'], now: 1_000_000 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('lets all others pass, and takes it when its time has come, without looking in between', async () => {
    const built = build(10);
    const { queue, deployments } = built;
    await queue.add('slow', 'ci', { digest: digest('a') });
    const slow = await begin(built);
    await queue.requeue(slow, inMs(5000));
    expect(await deployments.find(slow.deploymentId)).toMatchObject({ status: 'queued', attempts: 1 });
    for (const container of ['b', 'c', 'd']) await queue.add(container, 'ci');
    for (const container of ['b', 'c', 'd']) expect((await begin(built)).container).toBe(container);
    const taken = queue.take(never);
    await jest.advanceTimersByTimeAsync(0);
    expect(jest.getTimerCount()).toBe(1);
    await jest.advanceTimersByTimeAsync(4999);
    expect(await queue.size()).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(await taken).toEqual(slow);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is behind those that were there when it came back, and before those that came after', async () => {
    const built = build(10);
    const { queue } = built;
    await queue.add('first', 'ci');
    await queue.add('before', 'ci');
    const first = await begin(built);
    await queue.requeue(first, inMs(10));
    await queue.add('after', 'ci');
    await jest.advanceTimersByTimeAsync(10);
    expect((await begin(built)).container).toBe('before');
    expect((await begin(built)).container).toBe('first');
    expect((await begin(built)).container).toBe('after');
  });

  it('is joined by requests for the same digest, and by no others', async () => {
    const built = build(10);
    const { queue } = built;
    await queue.add('web', 'ci', { digest: digest('a') });
    const waiting = await begin(built);
    await queue.requeue(waiting, inMs(5000));
    const same = await queue.add('web', 'ci', { digest: digest('a') });
    expect(same).toMatchObject({
      coalesced: true,
      position: 1,
      deployment: { id: waiting.deploymentId, coalesced: 1 },
    });
    const other = await queue.add('web', 'ci', { digest: digest('b') });
    const none = await queue.add('web', 'ci');
    expect([other.coalesced, none.coalesced]).toEqual([false, false]);
    expect(new Set([same, other, none].map(({ deployment }) => deployment.id)).size).toBe(3);
    expect(await queue.size()).toBe(3);
  });

  it.each(['notify', 'rollback'] as const)(
    'is overtaken by what is asked for meanwhile: a %s that waits comes out at once, as such, and is joined no more',
    async (kind) => {
      const built = build(10);
      const { queue } = built;
      await queue.add('web', 'ci', { kind });
      const waiting = await begin(built);
      await queue.requeue(waiting, inMs(60_000));
      const later = await queue.add('web', 'operator', { kind: kind === 'notify' ? 'rollback' : 'notify' });
      const again = await queue.add('web', 'ci', { kind });
      expect(again.coalesced).toBe(false);
      expect(await begin(built)).toEqual({ ...waiting, overtakenBy: later.deployment.id });
      expect((await begin(built)).deploymentId).toBe(later.deployment.id);
      expect(await begin(built)).not.toHaveProperty('overtakenBy');
    },
  );

  it('does not go back behind a request of the other kind that came while it ran', async () => {
    const built = build(10);
    const { queue } = built;
    await queue.add('web', 'ci');
    const running = await begin(built);
    await queue.add('other', 'operator', { kind: 'rollback', mayUpdate: ['*'] });
    const { deployment } = await queue.add('web', 'operator', { kind: 'rollback' });
    const overtaken = await queue.requeue(running, inMs(1000)).catch((error: unknown) => error);
    expect(overtaken).toBeInstanceOf(Overtaken);
    expect(overtaken).toMatchObject({ by: deployment.id });
  });

  it('counts for the bound, and finds no place where that was taken meanwhile', async () => {
    const built = build(1);
    const { queue, deployments } = built;
    await queue.add('web', 'ci');
    const job = await begin(built);
    await queue.add('api', 'ci');
    await expect(queue.requeue(job, inMs(1000))).rejects.toThrow(QueueFull);
    expect(await deployments.find(job.deploymentId)).toMatchObject({ status: 'running' });
    const api = await begin(built);
    await queue.requeue(api, inMs(1000));
    await expect(queue.add('other', 'ci')).rejects.toThrow(QueueFull);
  });

  it('is taken out with all others at a stop', async () => {
    const built = build(10);
    const { queue } = built;
    await queue.add('web', 'ci');
    const web = await begin(built);
    await queue.requeue(web, inMs(60_000));
    await queue.add('web', 'ci', { digest: digest('a') });
    expect(await queue.clear()).toEqual([web, expect.objectContaining({ container: 'web', digest: digest('a') })]);
    expect(await queue.size()).toBe(0);
  });

  it('does not keep whoever gives up waiting, and leaves no timer behind', async () => {
    const built = build(10);
    const { queue } = built;
    await queue.add('web', 'ci');
    await queue.requeue(await begin(built), inMs(60_000));
    const controller = new AbortController();
    const nothing = queue.take(controller.signal);
    controller.abort();
    expect(await nothing).toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
  });
});
