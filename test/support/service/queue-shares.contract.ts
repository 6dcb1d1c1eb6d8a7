import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { DeploymentRetry } from '../../../src/deployments/deployment.js';
import { Overtaken, QueueFull, type Job } from '../../../src/queue/queue.service.js';
import { maxWaitingPerCaller } from '../../../src/queue/shares.js';
import type { QueueUnderTest } from './queue.contract.js';
import { begin, digest, end } from './queue-work.js';
import { until } from '../runner/until.js';

/** A test in which nothing is left to take fails soon. */
const soon = (): AbortSignal => AbortSignal.timeout(15_000);

function randomDigest(): string {
  return `sha256:${randomBytes(32).toString('hex')}`;
}

function inMs(delayMs: number): DeploymentRetry {
  const notBefore = new Date(Date.now() + delayMs).toISOString();
  return { stage: 'pull', code: 'pull_failed', message: 'not yet', notBefore };
}

/**
 * What keeps callers of one queue, wherever it lives, from starving each other.
 * @param takesTurns whether the containers take turns, and what comes back gives way to what came since
 */
export function describeQueueShares(
  name: string,
  make: (queueSize: number) => Promise<QueueUnderTest>,
  { takesTurns }: { takesTurns: boolean },
): void {
  describe(name, () => {
    const itWithTurns = takesTurns ? it : it.skip;
    const open: QueueUnderTest[] = [];
    const build = async (queueSize: number): Promise<QueueUnderTest> => {
      const built = await make(queueSize);
      open.push(built);
      return built;
    };
    /** What is taken, one after the other, each ended before the next. */
    const takeAll = async (built: QueueUnderTest, count: number): Promise<Job[]> => {
      const taken: Job[] = [];
      for (let index = 0; index < count; index++) {
        const job = await begin(built, soon());
        taken.push(job);
        await end(built, job);
      }
      return taken;
    };
    const ended = ({ deployments }: QueueUnderTest, id: string) =>
      until('its end', 5000, async () => {
        const found = await deployments.find(id);
        return found?.status === 'queued' ? undefined : found;
      });

    afterEach(async () => {
      for (const each of open.splice(0)) await each.close();
    });

    itWithTurns('lets the containers take turns, however many wait for one', async () => {
      const built = await build(100);
      const { queue } = built;
      for (const letter of ['a', 'b', 'c']) await queue.add('web', 'ci', { digest: digest(letter) });
      await queue.add('api', 'other');
      await queue.add('db', 'other');
      const taken = await takeAll(built, 5);
      expect(taken.map((job) => `${job.container} ${job.digest?.slice(7, 8) ?? '-'}`)).toEqual([
        'web a',
        'api -',
        'db -',
        'web b',
        'web c',
      ]);
    });

    itWithTurns('lets a container that comes back wait for one turn of each other', async () => {
      const built = await build(100);
      const { queue } = built;
      for (const letter of ['a', 'b', 'c']) await queue.add('web', 'ci', { digest: digest(letter) });
      await end(built, await begin(built, soon()));
      await queue.add('api', 'other');
      await end(built, await begin(built, soon()));
      expect((await takeAll(built, 2)).map(({ container }) => container)).toContain('api');
      await queue.add('api', 'other');
      expect((await begin(built, soon())).container).toBe('api');
    });

    itWithTurns('keeps the newest few of a caller for a container, and ends its older ones as superseded', async () => {
      const built = await build(50);
      const { queue, deployments } = built;
      const asked = await Promise.all(
        Array.from({ length: 200 }, () => queue.add('web', 'ci', { digest: randomDigest(), isLimited: true })),
      );
      expect(await queue.size()).toBe(maxWaitingPerCaller);
      const waiting = await queue.order();
      const last = await queue.add('web', 'ci', { digest: digest('f'), isLimited: true });
      expect(await ended(built, String(waiting[0]))).toMatchObject({
        status: 'failed',
        attempts: 0,
        error: { code: 'superseded', supersededBy: { deploymentId: last.deployment.id, digest: digest('f') } },
      });
      expect((await queue.order()).at(-1)).toBe(last.deployment.id);
      const records = await Promise.all(asked.map(({ deployment }) => deployments.find(deployment.id)));
      // Most of them have been forgotten: they never began.
      const left = records.filter((record) => record !== undefined);
      expect(left.filter(({ status }) => status === 'queued')).toHaveLength(maxWaitingPerCaller - 1);
      expect(new Set(left.map(({ status, error }) => `${status} ${error?.code ?? ''}`))).toEqual(
        new Set(['queued ', 'failed superseded']),
      );
      const other = await queue.add('api', 'other', { isLimited: true });
      expect(other.coalesced).toBe(false);
      expect((await takeAll(built, 2)).map(({ container }) => container)).toContain('api');
    });

    it('lets nobody take others with them: what somebody else asked for, too, stays', async () => {
      const built = await build(50);
      const { queue, deployments } = built;
      const others = await queue.add('web', 'other', { digest: digest('a') });
      const shared = await queue.add('web', 'ci', { digest: digest('b') });
      await queue.add('web', 'other', { digest: digest('b') });
      expect(await queue.add('web', 'ci', { digest: digest('a') })).toMatchObject({ coalesced: true });
      for (let count = 0; count < 20; count++) await queue.add('web', 'ci', { digest: randomDigest() });
      for (const { deployment } of [others, shared])
        expect(await deployments.find(deployment.id)).toMatchObject({ status: 'queued' });
      expect(await queue.size()).toBe(maxWaitingPerCaller + 2);
      // Nobody is left who wants it once the other one has asked for enough else.
      for (let count = 0; count < maxWaitingPerCaller; count++)
        await queue.add('web', 'other', { digest: randomDigest() });
      for (const { deployment } of [others, shared])
        expect(await ended(built, deployment.id)).toMatchObject({ status: 'failed', error: { code: 'superseded' } });
      expect(await queue.size()).toBe(2 * maxWaitingPerCaller);
    });

    it('counts notifies and rollbacks apart', async () => {
      const { queue, deployments } = await build(50);
      const { deployment } = await queue.add('web', 'ci', { kind: 'rollback' });
      for (let count = 0; count < 20; count++) await queue.add('web', 'ci', { digest: randomDigest() });
      expect(await deployments.find(deployment.id)).toMatchObject({ status: 'queued' });
    });

    it('has a limited caller leave as many places free as it has, whatever it asks for', async () => {
      const { queue } = await build(10);
      const fill = async (account: string, wishes: { isLimited?: boolean } = {}): Promise<number> => {
        for (let count = 0; ; count++) {
          try {
            await queue.add(`${account}-${count}`, 'ci', { account, ...wishes });
          } catch (error) {
            expect(error).toBeInstanceOf(QueueFull);
            return count;
          }
        }
      };
      expect(await fill('first', { isLimited: true })).toBe(5);
      // The newest request for a container counts also then.
      const { deployment } = await queue.add('first-0', 'ci', {
        account: 'first',
        isLimited: true,
        digest: digest('a'),
      });
      expect(await queue.order()).toContain(deployment.id);
      expect(await queue.size()).toBe(5);
      expect(await fill('second', { isLimited: true })).toBe(3);
      expect(await fill('third', { isLimited: true })).toBe(1);
      expect(await fill('operator')).toBe(1);
      expect(await queue.size()).toBe(10);
    });

    it('holds one place where it may hold no more: the newest of its caller, and nobody else', async () => {
      const built = await build(1);
      const { queue } = built;
      const first = await queue.add('web', 'ci', { digest: digest('a'), isLimited: true });
      const second = await queue.add('web', 'ci', { digest: digest('b'), isLimited: true });
      expect(await ended(built, first.deployment.id)).toMatchObject({
        error: { code: 'superseded', supersededBy: { deploymentId: second.deployment.id } },
      });
      expect(await queue.order()).toEqual([second.deployment.id]);
      await expect(queue.add('web', 'other', { digest: digest('c') })).rejects.toThrow(QueueFull);
      await expect(queue.add('api', 'ci', { isLimited: true })).rejects.toThrow(QueueFull);
      expect((await begin(built, soon())).deploymentId).toBe(second.deployment.id);
      expect(await queue.add('api', 'ci', { isLimited: true })).toMatchObject({ position: 1 });
    });

    it('gives places back when what waited has begun, ended, or was taken out', async () => {
      const built = await build(4);
      const { queue, deployments } = built;
      const limited = { account: 'ci', isLimited: true };
      for (let round = 0; round < 5; round++) {
        await queue.add('one', 'ci', limited);
        const { deployment } = await queue.add('two', 'ci', limited);
        await expect(queue.add('three', 'ci', limited)).rejects.toThrow(QueueFull);
        expect(await queue.remove(deployment.id)).toBe(true);
        await deployments.finish(deployment.id, { status: 'dropped', error: { code: 'cancelled', message: 'test' } });
        await end(built, await begin(built, soon()));
      }
    });

    itWithTurns('does not take one back for which its callers have asked for enough newer ones since', async () => {
      const built = await build(50);
      const { queue } = built;
      await queue.add('web', 'ci', { digest: digest('a') });
      const running = await begin(built, soon());
      let newest = '';
      for (let count = 0; count < maxWaitingPerCaller; count++)
        newest = (await queue.add('web', 'ci', { digest: randomDigest() })).deployment.id;
      const refused = await queue.requeue(running, inMs(1000)).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Overtaken);
      expect(refused).toMatchObject({ by: newest, reason: 'newer' });
    });

    it('does not end a rollback that waits to be tried again for who may not ask for one: the notify waits for it', async () => {
      const built = await build(50);
      const { queue, deployments } = built;
      await queue.add('web', 'operator', { kind: 'rollback' });
      const rollback = await begin(built, soon());
      // One that came while it ran does not either.
      const early = await queue.add('web', 'ci', { digest: digest('a'), maySupersede: false });
      await queue.requeue(rollback, inMs(1500));
      const late = await queue.add('web', 'ci', { digest: digest('b'), maySupersede: false });
      await queue.add('api', 'ci');
      expect(await deployments.find(rollback.deploymentId)).toMatchObject({ status: 'queued' });
      const taken = await takeAll(built, 4);
      expect(taken.map(({ deploymentId, container }) => (container === 'api' ? 'api' : deploymentId))).toEqual([
        'api',
        rollback.deploymentId,
        early.deployment.id,
        late.deployment.id,
      ]);
      expect(taken.map(({ overtakenBy }) => overtakenBy)).toEqual([undefined, undefined, undefined, undefined]);
    });
  });
}
