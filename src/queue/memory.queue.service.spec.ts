import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import type { DeploymentRetry } from '../deployments/deployment.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { MemoryDeploymentStore } from '../deployments/memory.deployment-store.js';
import { MemoryQueueService } from './memory.queue.service.js';
import { QueueFull, type Job } from './queue.service.js';

function build(queueSize: number) {
  const deployments = new DeploymentsService(
    new MemoryDeploymentStore({ deploymentsKept: 100 }),
    new DeploymentEvents(),
  );
  return { deployments, queue: new MemoryQueueService({ queueSize }, deployments) };
}

const never = new AbortController().signal;

describe('MemoryQueueService', () => {
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

describe('MemoryQueueService on a host whose clock is set', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([
    ['an hour back', -3_600_000],
    ['a day ahead', 86_400_000],
  ])('waits for as long as it was asked to when the clock jumps %s', async (_, jump) => {
    const { queue, deployments } = build(10);
    await queue.add('web', 'ci');
    const job = await queue.take(never);
    if (!job) throw new Error('nothing waits');
    await deployments.start(job.deploymentId);
    const notBefore = new Date(Date.now() + 10_000).toISOString();
    await queue.requeue(job, { stage: 'pull', code: 'pull_failed', message: 'not yet', notBefore });
    let taken: Job | undefined;
    void queue.take(never).then((next) => (taken = next));
    await jest.advanceTimersByTimeAsync(1000);
    jest.setSystemTime(Date.now() + jump);
    await queue.add('other', 'ci');
    await jest.advanceTimersByTimeAsync(0);
    expect(taken?.container).toBe('other');
    void queue.take(never).then((next) => (taken = next));
    await jest.advanceTimersByTimeAsync(8000);
    expect(taken?.container).toBe('other');
    await jest.advanceTimersByTimeAsync(1100);
    expect(taken?.container).toBe('web');
  });
});
