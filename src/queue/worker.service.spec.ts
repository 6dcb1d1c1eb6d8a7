import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DeploymentEvents } from '../deployments/deployment-events.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import type { Deployment } from '../deployments/deployment.js';
import { MemoryDeploymentStore } from '../deployments/memory.deployment-store.js';
import type { DockerService } from '../docker/docker.service.js';
import type { UpdateOutcome } from '../docker/update/outcome.js';
import { MemoryQueueService } from './memory.queue.service.js';
import { WorkerService } from './worker.service.js';

type Work = (container: string) => Promise<UpdateOutcome>;
type Recovered = Awaited<ReturnType<DockerService['recover']>>;

const updated: UpdateOutcome = { status: 'succeeded', result: 'updated' };
const upToDate: UpdateOutcome = { status: 'succeeded', result: 'up_to_date' };
const pullFailed = { code: 'pull_failed' as const, stage: 'pull' as const, message: 'the registry is away' };
const never = new Promise<never>(() => undefined);

class FakeDocker {
  mustRecover = false;
  readonly done: string[] = [];
  recovered: () => Promise<Recovered> = () => Promise.resolve({ undone: [], selfUpdates: [] } as unknown as Recovered);

  constructor(private readonly work: Work) {}

  async recover(): Promise<Recovered> {
    const recovered = await this.recovered();
    this.mustRecover = false;
    return recovered;
  }

  update: DockerService['update'] = async (container, report) => {
    this.done.push(`notify ${container}`);
    await report.stage('pull', {});
    report.progress({ layersDone: 1, layersTotal: 1, currentBytes: 1, totalBytes: 1 });
    return this.work(container);
  };

  rollBack: DockerService['rollBack'] = (container, report) => {
    this.done.push(`rollback ${container}`);
    report.log(['a line']);
    return this.work(container);
  };
}

interface Built {
  worker: WorkerService;
  queue: MemoryQueueService;
  deployments: DeploymentsService;
  docker: FakeDocker;
}

describe('WorkerService', () => {
  const workers: WorkerService[] = [];

  beforeEach(() => {
    Logger.overrideLogger(false);
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      worker.onModuleDestroy();
      await worker.beforeApplicationShutdown();
    }
    jest.restoreAllMocks();
  });

  const build = (work: Work, more: { queueSize?: number; role?: 'all' | 'api'; pullRetries?: number } = {}): Built => {
    const deployments = new DeploymentsService(
      new MemoryDeploymentStore({ deploymentsKept: 100 }),
      new DeploymentEvents(),
    );
    const queue = new MemoryQueueService({ queueSize: more.queueSize ?? 10 }, deployments);
    const docker = new FakeDocker(work);
    const settings = {
      role: more.role ?? ('all' as const),
      drainTimeoutMs: 40,
      digestTimeoutMs: 60_000,
      pullRetries: more.pullRetries ?? 3,
    };
    const worker = new WorkerService(queue, deployments, docker as unknown as DockerService, settings);
    workers.push(worker);
    return { worker, queue, deployments, docker };
  };
  const ended = ({ deployments }: Built, id: string): Promise<Deployment | undefined> =>
    deployments.untilFinished(id, AbortSignal.timeout(5000));
  const reaches = async ({ deployments }: Built, id: string, status: string): Promise<Deployment> => {
    for (;;) {
      const found = await deployments.find(id);
      if (found?.status === status) return found;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

  it('works on one deployment after the other, each by its kind', async () => {
    let running = 0;
    let most = 0;
    const built = build(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return updated;
    });
    const first = await built.queue.add('web', 'ci');
    const second = await built.queue.add('api', 'ci', { kind: 'rollback' });
    expect(built.worker.isAlive).toBe(false);
    built.worker.onApplicationBootstrap();
    expect(built.worker.isAlive).toBe(true);
    expect(await ended(built, second.deployment.id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(await ended(built, first.deployment.id)).toMatchObject({ status: 'succeeded', result: 'updated' });
    expect(built.docker.done).toEqual(['notify web', 'rollback api']);
    expect(most).toBe(1);
    expect(built.worker.current).toBeUndefined();
  });

  it('survives what an update throws, and works on the next one', async () => {
    const built = build((container) =>
      container === 'web' ? Promise.reject(new Error('a bug')) : Promise.resolve(updated),
    );
    await built.queue.add('web', 'ci');
    const { deployment } = await built.queue.add('api', 'ci');
    built.worker.onApplicationBootstrap();
    expect(await ended(built, deployment.id)).toMatchObject({ status: 'succeeded' });
  });

  it('does nothing in a process without an engine', () => {
    const built = build(() => never, { role: 'api' });
    built.worker.onApplicationBootstrap();
    expect([built.worker.isNeeded, built.worker.isAlive]).toEqual([false, false]);
  });

  it('sends back what was postponed, and fails it when its place is taken', async () => {
    const built = build(() => Promise.resolve({ status: 'postponed', error: pullFailed }));
    const { deployment } = await built.queue.add('web', 'ci');
    built.worker.onApplicationBootstrap();
    expect(await reaches(built, deployment.id, 'queued').then(({ retries }) => retries)).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await built.deployments.find(deployment.id)).toMatchObject({
      status: 'queued',
      retries: [{ code: 'pull_failed', stage: 'pull' }],
    });

    const full: Built = build(
      async () => {
        await full.queue.add('other', 'ci');
        return { status: 'postponed', error: pullFailed };
      },
      { queueSize: 1 },
    );
    const { deployment: second } = await full.queue.add('web', 'ci');
    full.worker.onApplicationBootstrap();
    expect(await ended(full, second.id)).toMatchObject({ status: 'failed', error: pullFailed });
  });

  it('ends what a later request of the other kind superseded, before its try and after it', async () => {
    let tries = 0;
    const built: Built = build(async (container) => {
      if (container !== 'web' || ++tries > 1) return updated;
      await built.queue.add('web', 'ci', { kind: 'rollback' });
      return { status: 'postponed', error: pullFailed };
    });
    const { deployment } = await built.queue.add('web', 'ci');
    built.worker.onApplicationBootstrap();
    const superseded = await ended(built, deployment.id);
    expect(superseded).toMatchObject({ status: 'failed', error: { code: 'superseded' } });

    const waits = build((container) =>
      Promise.resolve(container === 'web' ? { status: 'postponed', error: pullFailed } : updated),
    );
    const first = await waits.queue.add('web', 'ci');
    waits.worker.onApplicationBootstrap();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await waits.queue.add('web', 'ci', { kind: 'rollback' });
    expect(await ended(waits, first.deployment.id)).toMatchObject({ status: 'failed', error: { code: 'superseded' } });
  });

  it('paces a container that is notified in vain again and again', async () => {
    const built = build(() => Promise.resolve(upToDate));
    built.worker.onApplicationBootstrap();
    for (let times = 0; times < 30; times++) await ended(built, (await built.queue.add('web', 'ci')).deployment.id);
    const { deployment } = await built.queue.add('web', 'ci');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await built.deployments.find(deployment.id)).toMatchObject({
      status: 'queued',
      retries: [{ code: 'paced' }],
    });
    expect(built.docker.done).toHaveLength(30);
  });

  it('says at a stop what it drops, and what it could not wait for', async () => {
    const built = build(() => never);
    const { deployment } = await built.queue.add('web', 'ci');
    const waiting = await built.queue.add('api', 'ci');
    built.worker.onApplicationBootstrap();
    await reaches(built, deployment.id, 'running');
    expect(built.worker.current).toBe('web');
    built.worker.onModuleDestroy();
    expect(built.worker.isStopping).toBe(true);
    await built.worker.beforeApplicationShutdown();
    expect(await ended(built, waiting.deployment.id)).toMatchObject({ status: 'dropped', error: { code: 'stopping' } });
    expect(await ended(built, deployment.id)).toMatchObject({ status: 'dropped', error: { code: 'interrupted' } });
  });

  it('waits at a stop for the update that runs', async () => {
    let finish = (): void => undefined;
    const built = build(
      () =>
        new Promise(
          (resolve) =>
            (finish = () => {
              resolve(updated);
            }),
        ),
    );
    const { deployment } = await built.queue.add('web', 'ci');
    built.worker.onApplicationBootstrap();
    await reaches(built, deployment.id, 'running');
    built.worker.onModuleDestroy();
    const stopped = built.worker.beforeApplicationShutdown();
    await new Promise((resolve) => setTimeout(resolve, 5));
    finish();
    await stopped;
    expect(await built.deployments.find(deployment.id)).toMatchObject({ status: 'succeeded' });
  });

  it('recovers first, and records the update of its own container', async () => {
    const built = build(() => Promise.resolve(updated));
    const reference = randomUUID();
    built.docker.mustRecover = true;
    const outcome: UpdateOutcome = { status: 'postponed', error: pullFailed };
    built.docker.recovered = () =>
      Promise.resolve({ undone: [], selfUpdates: [{ reference, container: 'self', outcome }] } as unknown as Recovered);
    const { deployment } = await built.queue.add('web', 'ci');
    built.worker.onApplicationBootstrap();
    expect(built.worker.mustRecover).toBe(true);
    expect(await ended(built, deployment.id)).toMatchObject({ status: 'succeeded' });
    expect(await built.deployments.find(reference)).toMatchObject({ container: 'self', status: 'failed' });
    expect(built.worker.mustRecover).toBe(false);
  });

  it('works although a recovery failed', async () => {
    const built = build(() => Promise.resolve(updated));
    built.docker.mustRecover = true;
    built.docker.recovered = () => Promise.reject(new Error('the engine is away'));
    const { deployment } = await built.queue.add('web', 'ci');
    built.worker.onApplicationBootstrap();
    expect(await ended(built, deployment.id)).toMatchObject({ status: 'succeeded' });
  });
});
