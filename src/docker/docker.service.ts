import { Inject, Injectable } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { settings, type Settings } from '../config/settings.js';
import { commit } from './commit.js';
import { Disclosure, type Mask } from './disclosure.js';
import { ineligible } from './eligibility.js';
import { EngineError, EngineTimeout, EngineUnreachable, hasStatus, isEngineAway } from './engine-error.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { collectEvidence } from './evidence.js';
import { registryDigest, sameImage } from './image-identity.js';
import { ImagePuller } from './image-puller.js';
import { UpdateError, type Drain, type FailureCode, type Findings, type Stage, type UpdateOutcome } from './outcome.js';
import { nameOf, type Pair } from './pair.js';
import { Preparation } from './preparation.js';
import type { ProofPolicy } from './proof-policy.js';
import { prove } from './proof.js';
import type { PullProgress } from './pull-stream.js';
import { Recovery } from './recovery.js';
import { rollback } from './rollback.js';
import { swap } from './swap.js';

const enginePollMs = 500;

/** After these failures the engine may hold remains of the update that could not be cleared away. */
const mayLeaveRemains = new Set<FailureCode>([
  'rollback_failed',
  'engine_unreachable',
  'engine_timeout',
  'engine_error',
  'internal_error',
]);

/** Who wants to know how an update goes. */
export interface Report {
  /** Before each stage, with what is known so far. */
  stage: (stage: Stage, findings: Findings) => Promise<void>;
  /** While the image is pulled, twice a second at most. */
  progress: (progress: PullProgress) => void;
  /** The last log lines of a replacement that failed, before the old container is put back. */
  log: (lines: string[]) => void;
}

/** How far an update has come, and what it knows. */
interface RunningUpdate {
  stage: Stage;
  findings: Findings;
  report: Report;
  drain: Drain;
  /** For what is told of the failure; secrets are known once the container is. */
  mask: Mask;
}

/**
 * Updates one container: pulls the image that it is configured with and, where it changed, puts a replacement in its
 * place. The old container is kept until the replacement has proved itself; whatever fails before, it runs again, itself.
 */
@Injectable()
export class DockerService {
  private mayHoldRemains = true;

  constructor(
    private readonly engine: Engine,
    private readonly puller: ImagePuller,
    private readonly preparation: Preparation,
    private readonly recovery: Recovery,
    private readonly disclosure: Disclosure,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engineWaitMs' | 'logTailLines'>,
  ) {}

  /** @throws EngineUnreachable, EngineTimeout or EngineError where the engine does not answer well */
  ping(signal?: AbortSignal): Promise<void> {
    return this.engine.ping(signal);
  }

  /** Whether an interrupted update may be there that has not been put right: at the start, and after some failures. */
  get mustRecover(): boolean {
    return this.mayHoldRemains;
  }

  /** Puts right what interrupted updates left behind. @throws where the engine is away */
  async recover(drain: Drain): Promise<void> {
    await this.engine.connect(drain.begun);
    await this.recovery.run(drain);
    this.mayHoldRemains = false;
  }

  /** Never throws: expected failures and bugs alike are outcomes. */
  async update(name: string, report: Report, drain: Drain): Promise<UpdateOutcome> {
    const update: RunningUpdate = { stage: 'recover', findings: {}, report, drain, mask: (text) => text };
    try {
      await this.awaitEngine(drain);
      await enter(update, 'recover');
      await this.recovery.run(drain, name);
      await enter(update, 'inspect');
      const old = await this.inspect(name, update.findings);
      const oldImage = await this.inspectPresentImage(old);
      update.findings.fromDigest = registryDigest(oldImage, old.Config.Image);
      update.mask = await this.disclosure.maskFor(old, oldImage);
      await enter(update, 'pull');
      const newImage = await this.pull(old, oldImage, update);
      if (sameImage(old, newImage)) {
        return { ...update.findings, status: 'succeeded', result: 'up_to_date', running: old.State.Running };
      }
      await enter(update, 'prepare');
      const { replacement, policy, warnings } = await this.preparation.prepare(old, oldImage, newImage, drain);
      if (warnings.length > 0) update.findings.warnings = warnings.map(update.mask);
      return await this.replace(old, replacement, policy, update);
    } catch (error) {
      const failure = failureOf(error, update);
      if (mayLeaveRemains.has(failure.error.code)) this.mayHoldRemains = true;
      return { ...update.findings, ...failure };
    }
  }

  private async replace(
    old: ContainerInspect,
    replacement: ContainerInspect,
    policy: ProofPolicy,
    update: RunningUpdate,
  ): Promise<UpdateOutcome> {
    const pair = pairOf(old, replacement);
    try {
      await enter(update, 'swap');
      await swap(this.engine, old, pair, update.drain);
      if (pair.wasRunning) {
        await enter(update, 'prove');
        const proven = await prove(this.engine, pair.newId, policy, update.drain);
        update.findings.downtimeMs = await this.downtimeMs(pair.oldId, proven);
      }
    } catch (error) {
      // The replacement runs; its proof goes on when the service is back.
      if (error instanceof UpdateError && error.code === 'interrupted') throw error;
      return await this.rollBack(pair, error, update);
    }
    await enter(update, 'commit');
    await commit(this.engine, pair.oldId).catch((error: unknown) => {
      // The update is done all the same; the recovery that is due now removes the old container.
      this.mayHoldRemains = true;
      const warning = `the old container is still there and will be removed later: ${(error as Error).message}`;
      update.findings.warnings = [...(update.findings.warnings ?? []), warning];
    });
    return { ...update.findings, containerId: pair.newId, status: 'succeeded', result: 'updated' };
  }

  private async rollBack(pair: Pair, cause: unknown, update: RunningUpdate): Promise<UpdateOutcome> {
    const evidence =
      update.stage === 'prove'
        ? await collectEvidence(this.engine, pair.newId, { logLines: this.settings.logTailLines, mask: update.mask })
        : {};
    if (evidence.logTail && evidence.logTail.length > 0) update.report.log(evidence.logTail);
    const { error } = failureOf(cause, update);
    await enter(update, 'rollback');
    try {
      await this.awaitEngine(update.drain);
      await rollback(this.engine, pair);
    } catch (failure) {
      this.mayHoldRemains = true;
      const message = update.mask(`${error.message}; ${(failure as Error).message}`);
      return {
        ...update.findings,
        status: 'failed',
        error: { code: 'rollback_failed', stage: 'rollback', message, ...evidence },
      };
    }
    return { ...update.findings, containerId: pair.oldId, status: 'rolled_back', error: { ...error, ...evidence } };
  }

  /** Waits for an engine that is away, for a bounded time. */
  private async awaitEngine(drain: Drain): Promise<void> {
    const deadline = performance.now() + this.settings.engineWaitMs;
    for (;;) {
      try {
        await this.engine.connect();
        return;
      } catch (error) {
        if (!isEngineAway(error) || performance.now() >= deadline || drain.begun.aborted) throw error;
      }
      await setTimeout(enginePollMs, undefined, { signal: drain.begun }).catch(() => undefined);
    }
  }

  private async inspect(name: string, findings: Findings): Promise<ContainerInspect> {
    const container = await this.engine.inspectContainer(name).catch((error: unknown) => {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    });
    // The engine resolves ids and id prefixes as well; here a name is a name.
    if (!container || nameOf(container) !== name)
      throw new UpdateError('no_such_container', 'inspect', `there is no container named ${name}`);
    Object.assign(findings, { image: container.Config.Image, fromImageId: container.Image, containerId: container.Id });
    const refusal = ineligible(container);
    if (refusal) throw new UpdateError(refusal.code, 'inspect', refusal.reason);
    return container;
  }

  private async inspectPresentImage(container: ContainerInspect): Promise<ImageInspect> {
    try {
      return await this.engine.inspectImage(container.Image);
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      throw new UpdateError(
        'refused',
        'inspect',
        `the image that ${nameOf(container)} runs is no longer on the engine, so that its defaults cannot be told from what was set; recreate the container once by hand`,
        { cause: error },
      );
    }
  }

  private async pull(
    old: ContainerInspect,
    oldImage: ImageInspect,
    { findings, drain, report }: RunningUpdate,
  ): Promise<ImageInspect> {
    const { digest } = await this.puller.pull(
      old.Config.Image,
      this.engine.foreignPlatform(oldImage),
      drain.begun,
      report.progress,
    );
    const newImage = await this.engine.inspectImage(old.Config.Image);
    Object.assign(findings, { digest, toImageId: newImage.Id });
    return newImage;
  }

  private async downtimeMs(oldId: string, proven: ContainerInspect): Promise<number | undefined> {
    const old = await this.engine.inspectContainer(oldId).catch(() => undefined);
    return old && Math.max(0, Date.parse(proven.State.StartedAt) - Date.parse(old.State.FinishedAt));
  }
}

function pairOf(old: ContainerInspect, replacement: ContainerInspect): Pair {
  return {
    name: nameOf(old),
    oldId: old.Id,
    newId: replacement.Id,
    wasRunning: old.State.Running,
    restartPolicy: old.HostConfig.RestartPolicy ?? { Name: 'no' },
  };
}

async function enter(update: RunningUpdate, stage: Stage): Promise<void> {
  update.stage = stage;
  await update.report.stage(stage, update.findings);
}

/** What a failure means where nothing was touched, or where all was put back. */
function failureOf(error: unknown, { stage, drain, mask }: RunningUpdate): Extract<UpdateOutcome, { error: unknown }> {
  const message = mask(error instanceof Error ? error.message : String(error));
  if (error instanceof UpdateError) {
    return {
      status: error.code === 'interrupted' ? 'dropped' : 'failed',
      error: { code: error.code, stage: error.stage, message },
    };
  }
  if (drain.begun.aborted)
    return { status: 'dropped', error: { code: 'interrupted', stage, message: `the service stops: ${message}` } };
  return { status: 'failed', error: { code: codeOf(error, stage), stage, message } };
}

function codeOf(error: unknown, stage: Stage): FailureCode {
  if (error instanceof EngineUnreachable) return 'engine_unreachable';
  if (error instanceof EngineTimeout) return 'engine_timeout';
  if (error instanceof EngineError) return stage === 'swap' ? 'start_failed' : 'engine_error';
  return 'internal_error';
}
