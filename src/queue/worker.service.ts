import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { deadline } from '../common/deadline.js';
import { withLogContext } from '../common/log-context.js';
import { settings, type Settings } from '../config/settings.js';
import { describeError } from '../deployments/deployment-end-log.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import type { DeploymentEnd, DeploymentError, DeploymentRetry, RunningDeployment } from '../deployments/deployment.js';
import { DockerService } from '../docker/docker.service.js';
import type { UpdateOutcome } from '../docker/update/outcome.js';
import { FirstTries } from './first-tries.js';
import { NotifyPacing } from './notify-pacing.js';
import { permits } from './permissions.js';
import { Overtaken, QueueFull, QueueService, type Job } from './queue.service.js';
import { supersededByNewer, supersededByOtherKind } from './superseded.js';
import { decideAfter, isLastTry, pacedCode, stopping } from './worker-decision.js';

/** How often an unfinished recovery is tried again while nothing waits. */
const recoveryRetryMs = 30_000;
/** What is left of the drain time for those who have been told that it is nearly over. */
const lastWordsMs = 2000;

/**
 * Takes deployments out of the queue and works on them, one at a time: 500 notifies at once never tear down 500
 * containers. Idle means idle: the queue wakes it. Nothing that a deployment throws ends it.
 */
@Injectable()
export class WorkerService implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger('Worker');
  private readonly stopping = new AbortController();
  private readonly nearlyOver = new AbortController();
  private readonly drain = { begun: this.stopping.signal, nearlyOver: this.nearlyOver.signal };
  private loop: Promise<void> | undefined;
  private running: Job | undefined;
  private readonly pacing = new NotifyPacing();
  private readonly firstTries = new FirstTries();

  constructor(
    private readonly queue: QueueService,
    private readonly deployments: DeploymentsService,
    private readonly docker: DockerService,
    @Inject(settings.KEY)
    private readonly settings: Pick<Settings, 'role' | 'drainTimeoutMs' | 'digestTimeoutMs' | 'pullRetries'>,
  ) {}

  /** Whether there is an engine to work on. */
  get isNeeded(): boolean {
    return this.settings.role !== 'api';
  }

  get isAlive(): boolean {
    return this.loop !== undefined;
  }

  get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Whether an interrupted update may be there that has not been put right yet. */
  get mustRecover(): boolean {
    return this.docker.mustRecover;
  }

  /** The container that is being updated. */
  get current(): string | undefined {
    return this.running?.container;
  }

  onApplicationBootstrap(): void {
    if (this.isNeeded) this.loop = this.work().finally(() => (this.loop = undefined));
  }

  /** The stop begins: nothing new is taken. HTTP goes on answering until `beforeApplicationShutdown` is over. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /** Waits for the running deployment, but no longer than the drain time; says what is dropped. */
  async beforeApplicationShutdown(): Promise<void> {
    const dropped = await this.queue.clear();
    for (const job of dropped) await this.drop(job);
    if (!this.loop) return;
    const { drainTimeoutMs } = this.settings;
    const warning = globalThis.setTimeout(
      () => {
        this.nearlyOver.abort();
      },
      Math.max(drainTimeoutMs - lastWordsMs, drainTimeoutMs / 2),
    );
    const timeIsUp = new AbortController();
    await Promise.race([
      this.loop,
      setTimeout(drainTimeoutMs, undefined, { signal: timeIsUp.signal }).catch(() => undefined),
    ]);
    timeIsUp.abort();
    clearTimeout(warning);
    if (this.running) await this.abandon(this.running);
  }

  private async work(): Promise<void> {
    while (!this.isStopping) {
      if (this.mustRecover) await this.recover();
      // While a recovery is due, waiting is bounded, so that it is tried again also when nobody notifies.
      const patience = this.mustRecover
        ? AbortSignal.any([this.stopping.signal, deadline(recoveryRetryMs)])
        : this.stopping.signal;
      try {
        const job = await this.queue.take(patience);
        if (job) await this.process(job);
      } catch (error) {
        this.logger.error('a deployment could not be recorded', error instanceof Error ? error.stack : String(error));
      }
    }
  }

  private async recover(): Promise<void> {
    try {
      const { selfUpdates } = await this.docker.recover(this.drain);
      for (const { reference, container, outcome } of selfUpdates) {
        // Nobody is left who could ask for it again: what would be tried later is a failure here.
        const end: DeploymentEnd = outcome.status === 'postponed' ? { ...outcome, status: 'failed' } : outcome;
        await this.deployments.adopt(reference, container, end);
      }
      this.logger.log('looked for interrupted updates; ready for work');
    } catch (error) {
      if (!this.isStopping)
        this.logger.error(
          `looking for interrupted updates failed and will be tried again: ${(error as Error).message}`,
        );
    }
  }

  private async process(job: Job): Promise<void> {
    this.running = job;
    try {
      const started = await this.deployments.start(job.deploymentId);
      const { requestId, traceId } = started;
      await withLogContext({ requestId, traceId, deploymentId: job.deploymentId }, () => this.update(job, started));
      // One that was abandoned has not ended.
      if (this.running === job) await this.queue.done(job);
    } finally {
      this.running = undefined;
    }
  }

  private async update(job: Job, started: RunningDeployment): Promise<void> {
    const { deploymentId, container, kind, permissions, overtakenBy } = job;
    if (overtakenBy !== undefined) {
      const error = supersededByOtherKind(container, kind, overtakenBy);
      await this.deployments.finish(deploymentId, { status: 'failed', error });
      return;
    }
    if (await this.pace(job)) return;
    const outcome = await this.docker[kind === 'rollback' ? 'rollBack' : 'update'](
      container,
      {
        stage: async (stage, findings) => {
          await this.deployments.enterStage(deploymentId, stage, findings);
          this.logger.log(`${container}: ${stage}`, { deploymentId, container, stage, ...findings });
        },
        progress: (progress) => {
          this.deployments.reportProgress(deploymentId, progress);
        },
        log: (lines, of) => {
          this.deployments.reportLog(deploymentId, lines, of);
        },
      },
      this.drain,
      {
        mayUpdate: (names) => permits(permissions, names),
        reference: deploymentId,
        expectedDigest: job.digest,
        startStopped: job.startStopped,
        isLastLook: isLastTry(started, this.settings, this.firstTries.nowFor(started)),
        target: job.target,
        retry: job.retry,
      },
    );
    this.notePace(job, outcome);
    const end = await this.endAfter(outcome, job, started);
    if (end) this.firstTries.forget(deploymentId);
    // One that was abandoned has its end already.
    if (end && this.running === job) await this.deployments.finish(deploymentId, end);
  }

  /** Sends a notify back to the queue when its container was notified many times in vain. @returns whether it did, or ended it */
  private async pace(job: Job): Promise<boolean> {
    const { container, kind, digest } = job;
    const { delayMs, count } = this.pacing.delayOf(container);
    if (kind !== 'notify' || digest !== undefined || delayMs === 0 || this.isStopping) return false;
    const notBefore = new Date(Date.now() + delayMs).toISOString();
    const message = `the last ${count} notifies of ${container} in a row changed nothing; it is looked at again in ${Math.ceil(delayMs / 1000)} s`;
    const failure = await this.requeue(job, { stage: 'recover', code: pacedCode, message, notBefore });
    if (failure instanceof QueueFull) return false;
    if (failure)
      await this.deployments.finish(job.deploymentId, { status: 'failed', error: supersededError(job, failure) });
    return true;
  }

  /** Only what has asked the registry counts; digests have a pace of their own. */
  private notePace({ container, kind, digest }: Job, outcome: UpdateOutcome): void {
    if (kind !== 'notify' || digest !== undefined) return;
    if (outcome.status === 'succeeded') this.pacing.note(container, outcome.result === 'updated');
    else if (outcome.status === 'rolled_back' || outcome.error.stage === 'pull') this.pacing.note(container, false);
  }

  /** Sends a deployment back to the queue, so that nobody waits for it; answers its end if it is not tried again. */
  private async endAfter(
    outcome: UpdateOutcome,
    job: Job,
    started: RunningDeployment,
  ): Promise<DeploymentEnd | undefined> {
    const served = outcome.status === 'postponed' ? outcome.error.servedDigest : undefined;
    const decision = decideAfter(outcome, {
      started,
      winner: served === undefined ? undefined : await this.deployments.overtaking(started, served),
      isDurable: this.queue.isDurable,
      isStopping: this.isStopping,
      now: { wall: Date.now(), steady: this.firstTries.nowFor(started) },
      settings: this.settings,
    });
    if ('end' in decision) return decision.end;
    const { retry, otherwise } = decision;
    const { container } = job;
    const failure = await this.requeue(job, retry);
    if (failure instanceof QueueFull) return otherwise;
    if (failure) return { ...otherwise, status: 'failed', error: supersededError(job, failure) };
    if (outcome.status === 'dropped')
      this.logger.warn(`${container}: goes back to the queue: ${retry.message}`, { ...job });
    else
      this.logger.warn(`${container}: will be tried again: ${describeError(retry)}`, {
        ...job,
        notBefore: retry.notBefore,
      });
    return undefined;
  }

  /** @returns why the queue did not take it back */
  private async requeue(job: Job, retry: DeploymentRetry): Promise<QueueFull | Overtaken | undefined> {
    try {
      await this.queue.requeue(job, retry);
      return undefined;
    } catch (failure) {
      if (failure instanceof QueueFull || failure instanceof Overtaken) return failure;
      throw failure;
    }
  }

  /** The record ends with the service, so that whoever waits for it gets an answer. */
  private async abandon(job: Job): Promise<void> {
    const message = 'the update did not end before the service had to; the next start puts it right';
    this.running = undefined;
    if (this.queue.isDurable) {
      this.logger.error(`${job.container}: ${message}, and goes on with its deployment`, { ...job });
      return;
    }
    await this.deployments.finish(job.deploymentId, { status: 'dropped', error: { code: 'interrupted', message } });
  }

  private async drop({ deploymentId, container }: Job): Promise<void> {
    await this.deployments.finish(deploymentId, { status: 'dropped', error: stopping });
    this.logger.warn(`dropped ${container}: the service stops`, { deploymentId, container });
  }
}

function supersededError({ container, kind }: Job, { by, reason }: Overtaken): DeploymentError {
  return reason === 'newer'
    ? supersededByNewer(container, { deploymentId: by })
    : supersededByOtherKind(container, kind, by);
}
