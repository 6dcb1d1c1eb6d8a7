import { afterEach, describe, expect, it } from '@jest/globals';
import type { DeploymentRetry } from '../../../src/deployments/deployment.js';
import type { DeploymentsService } from '../../../src/deployments/deployments.service.js';
import { Overtaken, QueueFull, type Job, type QueueService } from '../../../src/queue/queue.service.js';
import { begin, digest, end } from './queue-work.js';
import { until } from '../runner/until.js';

/** A queue with the records behind it. */
export interface QueueUnderTest {
  queue: QueueService;
  deployments: DeploymentsService;
  close(): Promise<void>;
}

const never = new AbortController().signal;

function inMs(delayMs: number): DeploymentRetry {
  const notBefore = new Date(Date.now() + delayMs).toISOString();
  return { stage: 'pull', code: 'digest_mismatch', message: 'not yet', notBefore };
}

/** What holds for every queue, wherever it lives. */
export function describeQueue(name: string, make: (queueSize: number) => Promise<QueueUnderTest>): void {
  describe(name, () => {
    const open: QueueUnderTest[] = [];
    const build = async (queueSize: number): Promise<QueueUnderTest> => {
      const built = await make(queueSize);
      open.push(built);
      return built;
    };

    afterEach(async () => {
      for (const each of open.splice(0)) await each.close();
    });

    it('does not join a request to try a rejected image again to one that does not ask for it', async () => {
      const built = await build(5);
      const { queue } = built;
      const plain = await queue.add('web', 'ci');
      const retry = await queue.add('web', 'ci', { retry: true });
      expect(retry).toMatchObject({ coalesced: false, position: 2, deployment: { retry: true } });
      expect(await queue.add('web', 'ci', { retry: true })).toMatchObject({ coalesced: true, position: 2 });
      expect(await queue.add('web', 'ci')).toMatchObject({ coalesced: true, position: 1 });
      const [first, second] = [await begin(built), await begin(built)];
      expect(first).toMatchObject({ deploymentId: plain.deployment.id });
      expect(first.retry).toBeUndefined();
      expect(second).toMatchObject({ deploymentId: retry.deployment.id, retry: true });
      for (const job of [first, second]) await end(built, job);
    });

    it('joins a request to the one of the same container that waits, also when it is full (S7, S13)', async () => {
      const { queue } = await build(1);
      const first = await queue.add('web', 'ci');
      const second = await queue.add('web', 'ci');
      expect(first).toMatchObject({ coalesced: false, position: 1 });
      expect(second).toMatchObject({ coalesced: true, position: 1 });
      expect(second.deployment).toMatchObject({ id: first.deployment.id, coalesced: 1 });
      await expect(queue.add('api', 'ci')).rejects.toThrow(QueueFull);
      expect(await queue.size()).toBe(1);
    });

    it('joins no request that means something else by the name, and hands on what each means', async () => {
      const { queue } = await build(10);
      const service = await queue.add('web', 'ci', { target: 'service' });
      const container = await queue.add('web', 'ci');
      const again = await queue.add('web', 'ci', { target: 'service' });
      expect([container.coalesced, again.coalesced]).toEqual([false, true]);
      expect(again.deployment).toMatchObject({ id: service.deployment.id, target: 'service' });
      expect([await queue.take(never), await queue.take(never)].map((job) => job?.target)).toEqual([
        'service',
        undefined,
      ]);
    });

    it('lets a request wait anew once its container was taken (S13)', async () => {
      const { queue } = await build(10);
      const first = await queue.add('web', 'ci');
      await queue.take(never);
      const second = await queue.add('web', 'ci');
      expect(second.coalesced).toBe(false);
      expect(second.deployment.id).not.toBe(first.deployment.id);
    });

    it('remembers what each of those who joined may have updated', async () => {
      const { queue } = await build(1);
      for (const mayUpdate of [['web'], ['*'], ['web']]) await queue.add('web', 'ci', { mayUpdate });
      expect((await queue.take(never))?.permissions).toEqual([['web'], ['*']]);
    });

    it('does what was asked for last: a rollback and a notify do not join, and the later one comes last', async () => {
      const built = await build(10);
      const { queue } = built;
      const first = await queue.add('web', 'ci');
      await queue.add('web', 'operator', { kind: 'rollback', mayUpdate: ['*'] });
      const again = await queue.add('web', 'ci');
      expect(again).toMatchObject({ coalesced: true, position: 2, deployment: { id: first.deployment.id } });
      const rollback = await begin(built);
      await end(built, rollback);
      expect([rollback.kind, (await queue.take(never))?.kind]).toEqual(['rollback', 'notify']);
    });

    it('puts what a later request joins behind a rollback, also where another notify came after that', async () => {
      const { queue } = await build(10);
      await queue.add('web', 'ci', { digest: digest('a') });
      await queue.add('web', 'operator', { kind: 'rollback' });
      await queue.add('web', 'ci', { digest: digest('b') });
      expect(await queue.add('web', 'ci', { digest: digest('a') })).toMatchObject({ coalesced: true });
      const order = [await queue.take(never), await queue.take(never), await queue.take(never)];
      expect(order.map((job) => `${String(job?.kind)} ${job?.digest?.slice(7, 8) ?? '-'}`)).toEqual([
        'rollback -',
        'notify b',
        'notify a',
      ]);
    });

    it('wakes whoever waits to take, and lets go of them when their signal is aborted', async () => {
      const built = await build(10);
      const { queue } = built;
      const taken = begin(built);
      const { deployment } = await queue.add('web', 'ci');
      const job = await taken;
      const expected = { container: 'web', kind: 'notify', deploymentId: deployment.id, permissions: [['web']] };
      expect(job).toEqual(expected);
      await end(built, job);
      const controller = new AbortController();
      const nothing = queue.take(controller.signal);
      controller.abort();
      expect(await nothing).toBeUndefined();
      await queue.add('next', 'ci');
      expect((await queue.take(never))?.container).toBe('next');
    });

    it('never holds more than it may, whatever arrives at once', async () => {
      const { queue } = await build(5);
      const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => queue.add(`c${index}`, 'ci')));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
      expect(await queue.size()).toBe(5);
    });

    it('makes one deployment of whatever comes at once for one container', async () => {
      const { queue } = await build(5);
      const results = await Promise.all(Array.from({ length: 50 }, (_, index) => queue.add('web', `ci${index}`)));
      expect(new Set(results.map(({ deployment }) => deployment.id)).size).toBe(1);
      expect(results.filter(({ coalesced }) => !coalesced)).toHaveLength(1);
      expect(Math.max(...results.map(({ deployment }) => deployment.coalesced))).toBe(49);
    });

    it('is first in, first out', async () => {
      const built = await build(10);
      const { queue } = built;
      const names = ['first', 'second', 'third', 'fourth'];
      for (const name of names) await queue.add(name, 'ci');
      expect(await queue.order()).toHaveLength(4);
      for (const name of names) {
        const job = await begin(built);
        expect(job.container).toBe(name);
        await end(built, job);
      }
      expect(await queue.size()).toBe(0);
    });

    it('takes one out that waits, and none that runs', async () => {
      const built = await build(10);
      const { queue, deployments } = built;
      await queue.add('runs', 'ci');
      const { deployment } = await queue.add('waits', 'ci');
      const runs = await begin(built);
      expect(await queue.remove(runs.deploymentId)).toBe(false);
      expect(await queue.remove(deployment.id)).toBe(true);
      await deployments.finish(deployment.id, { status: 'dropped', error: { code: 'cancelled', message: 'test' } });
      expect(await queue.remove(deployment.id)).toBe(false);
      expect(await queue.size()).toBe(0);
      await end(built, runs);
      await queue.add('next', 'ci');
      expect((await begin(built)).container).toBe('next');
    });

    it('lets all others pass one that waits for its time, and takes it when that has come', async () => {
      const built = await build(10);
      const { queue, deployments } = built;
      await queue.add('slow', 'ci', { digest: digest('a') });
      const slow = await begin(built);
      const retry = inMs(1000);
      await queue.requeue(slow, retry);
      expect(await deployments.find(slow.deploymentId)).toMatchObject({ status: 'queued', attempts: 1 });
      expect(await queue.size()).toBe(1);
      for (const container of ['next', 'last']) await queue.add(container, 'ci');
      for (const container of ['next', 'last']) {
        const job = await begin(built);
        expect(job.container).toBe(container);
        await end(built, job);
      }
      expect(await begin(built)).toEqual(slow);
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(retry.notBefore));
      expect(await deployments.find(slow.deploymentId)).toMatchObject({ status: 'running', attempts: 2 });
    });

    it('joins to one that waits for its time requests for the same digest, and no others', async () => {
      const built = await build(10);
      const { queue } = built;
      await queue.add('web', 'ci', { digest: digest('a') });
      const waiting = await begin(built);
      await queue.requeue(waiting, inMs(60_000));
      const same = await queue.add('web', 'ci', { digest: digest('a') });
      expect(same).toMatchObject({ coalesced: true, position: 1, deployment: { id: waiting.deploymentId } });
      const other = await queue.add('web', 'ci', { digest: digest('b') });
      const none = await queue.add('web', 'ci');
      expect([other.coalesced, none.coalesced]).toEqual([false, false]);
      expect(await queue.size()).toBe(3);
    });

    it.each(['notify', 'rollback'] as const)(
      'has a %s that waits for its time overtaken by the other kind',
      async (kind) => {
        const built = await build(10);
        const { queue } = built;
        await queue.add('web', 'ci', { kind });
        const waiting = await begin(built);
        await queue.requeue(waiting, inMs(60_000));
        const later = await queue.add('web', 'operator', { kind: kind === 'notify' ? 'rollback' : 'notify' });
        const again = await queue.add('web', 'ci', { kind });
        expect(again.coalesced).toBe(false);
        const taken: Job[] = [];
        for (let count = 0; count < 3; count++) {
          const job = await begin(built);
          taken.push(job);
          await end(built, job);
        }
        expect(taken.find(({ deploymentId }) => deploymentId === waiting.deploymentId)).toEqual({
          ...waiting,
          overtakenBy: later.deployment.id,
        });
        expect(taken.filter(({ overtakenBy }) => overtakenBy !== undefined)).toHaveLength(1);
        // What was asked for last is what counts.
        expect(taken.filter(({ overtakenBy }) => overtakenBy === undefined).map((job) => job.deploymentId)).toEqual([
          later.deployment.id,
          again.deployment.id,
        ]);
      },
    );

    it('does not let one go back behind a request of the other kind that came while it ran', async () => {
      const built = await build(10);
      const { queue } = built;
      await queue.add('web', 'ci');
      const running = await begin(built);
      await queue.add('other', 'operator', { kind: 'rollback', mayUpdate: ['*'] });
      const { deployment } = await queue.add('web', 'operator', { kind: 'rollback' });
      const overtaken = await queue.requeue(running, inMs(1000)).catch((error: unknown) => error);
      expect(overtaken).toBeInstanceOf(Overtaken);
      expect(overtaken).toMatchObject({ by: deployment.id });
    });

    it('has no place for one that comes back where that was taken meanwhile', async () => {
      const built = await build(1);
      const { queue, deployments } = built;
      await queue.add('web', 'ci');
      const job = await begin(built);
      await queue.add('api', 'ci');
      await expect(queue.requeue(job, inMs(1000))).rejects.toThrow(QueueFull);
      expect(await deployments.find(job.deploymentId)).toMatchObject({ status: 'running' });
      await deployments.finish(job.deploymentId, { status: 'failed', error: { code: 'pull_failed', message: 'test' } });
      await queue.done(job);
      const api = await begin(built);
      await queue.requeue(api, inMs(60_000));
      await expect(queue.add('other', 'ci')).rejects.toThrow(QueueFull);
    });

    it('wakes nobody for one that has ended', async () => {
      const built = await build(10);
      const { queue, deployments } = built;
      await queue.add('web', 'ci');
      const job = await begin(built);
      await end(built, job);
      expect(await deployments.find(job.deploymentId)).toMatchObject({ status: 'succeeded', result: 'updated' });
      const controller = new AbortController();
      const taken = queue.take(controller.signal);
      const { deployment } = await queue.add('next', 'ci');
      expect(await until('the next', 5000, async () => (await taken)?.deploymentId)).toBe(deployment.id);
      controller.abort();
    });
  });
}
