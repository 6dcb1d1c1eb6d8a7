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
import { DeploymentsService } from '../deployments/deployments.service.js';
import type { Deployment, DeploymentEnd, DeploymentError } from '../deployments/deployment.js';
import { DockerService } from '../docker/docker.service.js';
import type { UpdateOutcome } from '../docker/update/outcome.js';
import { FirstTries } from './first-tries.js';
import { NotifyPacing } from './notify-pacing.js';
import { permits } from './permissions.js';
import { Overtaken, QueueFull, QueueService, type Job } from './queue.service.js';
import { retryDelayMs } from './retry-policy.js';
import { supersededByNewer, supersededByOtherKind, supersededByPush } from './superseded.js';

/** How often an unfinished recovery is tried again while nothing waits. */
const recoveryRetryMs = 30_000;
/** What is left of the drain time for those who have been told that it is nearly over. */
const lastWordsMs = 2000;

const stopping = {
  code: 'stopping',
  message: 'the service was stopped before this deployment was begun, or tried again; notify again',
};

type Postponed = Extract<UpdateOutcome, { status: 'postponed' }>;

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
        const ended = await this.deployments.adopt(reference, container, end);
        this.logEnd(ended, ended);
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

  private async update(job: Job, started: Deployment): Promise<void> {
    const { deploymentId, container, kind, permissions, overtakenBy } = job;
    if (overtakenBy !== undefined) {
      const error = supersededByOtherKind(container, kind, overtakenBy);
      this.logEnd(await this.deployments.finish(deploymentId, { status: 'failed', error }), started);
      return;
    }
    if (await this.pace(job, started)) return;
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
        isLastLook: retryDelayMs(unpaced(started), this.settings, this.firstTries.nowFor(started)) === undefined,
        target: job.target,
        retry: job.retry,
      },
    );
    this.notePace(job, outcome);
    const end = await this.endOf(outcome, job, started);
    if (end) this.firstTries.forget(deploymentId);
    // One that was abandoned has its end already.
    if (end && this.running === job) this.logEnd(await this.deployments.finish(deploymentId, end), started);
  }

  /** Sends a notify back to the queue when its container was notified many times in vain. @returns whether it did, or ended it */
  private async pace(job: Job, started: Deployment): Promise<boolean> {
    const { container, kind, digest } = job;
    const { delayMs, count } = this.pacing.delayOf(container);
    if (kind !== 'notify' || digest !== undefined || delayMs === 0 || this.isStopping) return false;
    const notBefore = new Date(Date.now() + delayMs).toISOString();
    const message = `the last ${count} notifies of ${container} in a row changed nothing; it is looked at again in ${Math.ceil(delayMs / 1000)} s`;
    try {
      await this.queue.requeue(job, { stage: 'recover', code: paced, message, notBefore });
    } catch (failure) {
      if (failure instanceof QueueFull) return false;
      if (!(failure instanceof Overtaken)) throw failure;
      const error = overtakenError(job, failure);
      this.logEnd(await this.deployments.finish(job.deploymentId, { status: 'failed', error }), started);
    }
    return true;
  }

  /** Only what has asked the registry counts; digests have a pace of their own. */
  private notePace({ container, kind, digest }: Job, outcome: UpdateOutcome): void {
    if (kind !== 'notify' || digest !== undefined) return;
    if (outcome.status === 'succeeded') this.pacing.note(container, outcome.result === 'updated');
    else if (outcome.status === 'rolled_back' || outcome.error.stage === 'pull') this.pacing.note(container, false);
  }

  /** Undefined where it waits again. */
  private async endOf(outcome: UpdateOutcome, job: Job, started: Deployment): Promise<DeploymentEnd | undefined> {
    if (outcome.status === 'postponed') return this.postpone(job, started, outcome);
    if (outcome.status !== 'dropped' || !this.queue.isDurable) return outcome;
    // Given up because of a stop, with nothing touched: the next start begins it anew.
    const { stage, code, message } = outcome.error;
    await this.queue.requeue(job, { stage, code, message, notBefore: new Date().toISOString() });
    this.logger.warn(`${job.container}: goes back to the queue: ${message}`, { ...job });
    return undefined;
  }

  /** Sends a deployment back to the queue, so that nobody waits for it; answers its end where it is not tried again. */
  private async postpone(job: Job, started: Deployment, outcome: Postponed): Promise<DeploymentEnd | undefined> {
    const { retryAfterMs, ...reached } = outcome;
    const { error } = outcome;
    const winner = error.servedDigest && (await this.deployments.overtaking(started, error.servedDigest));
    if (winner) return { ...reached, status: 'failed', error: supersededByPush(started, winner, error) };
    const failed: DeploymentEnd = { ...reached, status: 'failed' };
    const wall = Date.now();
    const now = this.firstTries.nowFor(started);
    const retryAt = error.retryAt && new Date(Date.parse(error.retryAt) - wall + now).toISOString();
    const delayMs = retryDelayMs(unpaced(started), this.settings, now, retryAt, retryAfterMs);
    if (delayMs === undefined) return failed;
    if (this.isStopping && !this.queue.isDurable)
      return { ...reached, status: 'dropped', error: { ...error, ...stopping } };
    const notBefore = new Date(wall + delayMs).toISOString();
    try {
      await this.queue.requeue(job, { stage: error.stage, code: error.code, message: error.message, notBefore });
    } catch (failure) {
      if (failure instanceof QueueFull) return failed;
      if (failure instanceof Overtaken) return { ...failed, error: overtakenError(job, failure) };
      throw failure;
    }
    this.logger.warn(`${job.container}: will be tried again: ${describe(error)}`, { ...job, notBefore });
    return undefined;
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
    this.logger.error(`${job.container}: dropped: ${message}`, { ...job });
  }

  private async drop({ deploymentId, container }: Job): Promise<void> {
    await this.deployments.finish(deploymentId, { status: 'dropped', error: stopping });
    this.logger.warn(`dropped ${container}: the service stops`, { deploymentId, container });
  }

  private logEnd(ended: Deployment, started: Deployment): void {
    const { id, container, service, image, fromImageId, toImageId, fromDigest, digest } = ended;
    const { downtimeMs, warnings, error } = ended;
    const durationMs = Date.now() - Date.parse(started.startedAt ?? started.queuedAt);
    const facts = {
      deploymentId: id,
      container,
      service,
      status: ended.status,
      image,
      fromImageId,
      toImageId,
      fromDigest,
      digest,
      durationMs,
      downtimeMs,
      warnings,
      error,
    };
    switch (ended.status) {
      case 'succeeded':
        this.logger.log(
          ended.result === 'updated'
            ? `${container}: updated to ${String(toImageId ?? digest)}`
            : `${container}: already up to date`,
          facts,
        );
        break;
      case 'dropped':
        this.logger.warn(`${container}: dropped: ${describe(error)}`, facts);
        break;
      case 'rolled_back':
        this.logger.error(
          `${container}: rolled back, the old ${ended.running === false ? 'container is stopped' : service === undefined ? 'container runs' : 'tasks run'} again: ${describe(error)}`,
          facts,
        );
        break;
      case 'failed':
      case 'queued':
      case 'running':
        this.logger.error(`${container}: failed: ${describe(error)}`, facts);
    }
  }
}

/** Why a deployment went back to the queue before it was begun. */
const paced = 'paced';

/** Without the tries at which it only waited for its turn. */
function unpaced(deployment: Deployment): Deployment {
  const waits = deployment.retries?.filter(({ code }) => code === paced).length ?? 0;
  return { ...deployment, attempts: deployment.attempts - waits };
}

function overtakenError({ container, kind }: Job, { by, reason }: Overtaken): DeploymentError {
  return reason === 'newer'
    ? supersededByNewer(container, { deploymentId: by })
    : supersededByOtherKind(container, kind, by);
}

function describe(error: DeploymentError | undefined): string {
  return error ? `${error.code}: ${error.message}` : 'for an unknown reason';
}
