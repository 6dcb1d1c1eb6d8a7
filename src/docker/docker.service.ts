import { Inject, Injectable } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { settings, type Settings } from '../config/settings.js';
import { commit } from './commit.js';
import { ineligible } from './eligibility.js';
import { EngineTimeout, EngineUnreachable, hasStatus } from './engine-error.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { collectEvidence } from './evidence.js';
import { sameImage } from './image-identity.js';
import { ImagePuller } from './image-puller.js';
import { UpdateError, type Drain, type Evidence, type Findings, type Stage, type UpdateOutcome } from './outcome.js';
import { nameOf, type Pair } from './pair.js';
import { Preparation } from './preparation.js';
import { prove } from './proof.js';
import { Recovery } from './recovery.js';
import { rollback } from './rollback.js';
import { assertUnchanged, swap } from './swap.js';

const enginePollMs = 500;

/** Who wants to know how an update goes: called before each stage with what is known so far. */
export type Report = (stage: Stage, findings: Findings) => Promise<void>;

/**
 * Updates one container: pulls the image that it is configured with and, where it changed, puts a replacement in its
 * place. The old container is kept until the replacement has proved itself; whatever fails before, it runs again, itself.
 */
@Injectable()
export class DockerService {
  constructor(
    private readonly engine: Engine,
    private readonly puller: ImagePuller,
    private readonly preparation: Preparation,
    private readonly recovery: Recovery,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engineWaitMs'>,
  ) {}

  /** @throws EngineUnreachable, EngineTimeout or EngineError where the engine does not answer well */
  ping(signal?: AbortSignal): Promise<void> {
    return this.engine.ping(signal);
  }

  /** Puts right what interrupted updates left behind. @throws where something could not be put right, or the engine is away */
  async recover(drain: Drain): Promise<void> {
    await this.engine.connect(drain.begun);
    await this.recovery.run(drain);
  }

  /** Never throws: expected failures and bugs alike are outcomes. */
  async update(name: string, report: Report, drain: Drain): Promise<UpdateOutcome> {
    const findings: Findings = {};
    const progress = { stage: 'recover' as Stage };
    const enter: Report = async (stage) => {
      progress.stage = stage;
      await report(stage, findings);
    };
    try {
      await this.awaitEngine(drain);
      await enter('recover', findings);
      await this.recovery.run(drain, name);
      await enter('inspect', findings);
      const old = await this.inspect(name, findings);
      const oldImage = await this.inspectPresentImage(old);
      await enter('pull', findings);
      const newImage = await this.pull(old, oldImage, findings, drain);
      if (sameImage(old, newImage))
        return { ...findings, status: 'succeeded', result: 'up_to_date', running: old.State.Running };
      await enter('prepare', findings);
      const { replacement, policy, warnings } = await this.preparation.prepare(old, oldImage, newImage, drain);
      if (warnings.length > 0) findings.warnings = warnings;
      return await this.replace(old, replacement, policy, enter, findings, drain);
    } catch (error) {
      return { ...findings, ...failedOutcome(error, progress.stage, drain) };
    }
  }

  private async replace(
    old: ContainerInspect,
    replacement: ContainerInspect,
    policy: Parameters<typeof prove>[2],
    enter: Report,
    findings: Findings,
    drain: Drain,
  ): Promise<UpdateOutcome> {
    const pair = pairOf(old, replacement);
    const progress = { stage: 'swap' as Stage };
    try {
      await enter('swap', findings);
      if (drain.begun.aborted)
        throw new UpdateError(
          'interrupted',
          'swap',
          'the service stops; the update was given up before anything was stopped',
        );
      await assertUnchanged(this.engine, old);
      await swap(this.engine, old, pair, drain);
      if (pair.wasRunning) {
        progress.stage = 'prove';
        await enter('prove', findings);
        const proven = await prove(this.engine, pair.newId, policy, drain);
        findings.downtimeMs = await this.downtimeMs(pair.oldId, proven);
      }
      progress.stage = 'commit';
    } catch (error) {
      // The replacement runs; its proof goes on when the service is back.
      if (error instanceof UpdateError && error.code === 'interrupted' && error.stage === 'prove') throw error;
      return await this.rollBack(pair, error, progress.stage, enter, findings, drain);
    }
    await enter('commit', findings);
    await commit(this.engine, pair.oldId);
    return { ...findings, containerId: pair.newId, status: 'succeeded', result: 'updated' };
  }

  private async rollBack(
    pair: Pair,
    cause: unknown,
    stage: Stage,
    enter: Report,
    findings: Findings,
    drain: Drain,
  ): Promise<UpdateOutcome> {
    const evidence: Evidence = stage === 'prove' ? await collectEvidence(this.engine, pair.newId) : {};
    await enter('rollback', findings);
    const failure = failedOutcome(cause, stage, drain);
    try {
      await this.awaitEngine(drain);
      await rollback(this.engine, pair);
    } catch (error) {
      const message = `${failure.error.message}; ${(error as Error).message}`;
      return {
        ...findings,
        status: 'failed',
        error: { code: 'rollback_failed', stage: 'rollback', message, ...evidence },
      };
    }
    const status =
      failure.status === 'dropped' || failure.error.code === 'container_changed' ? failure.status : 'rolled_back';
    return { ...findings, containerId: pair.oldId, status, error: { ...failure.error, ...evidence } };
  }

  /** Waits for an engine that is away, for a bounded time. */
  private async awaitEngine(drain: Drain): Promise<void> {
    const deadline = performance.now() + this.settings.engineWaitMs;
    for (;;) {
      try {
        await this.engine.connect();
        return;
      } catch (error) {
        const isAway = error instanceof EngineUnreachable || error instanceof EngineTimeout;
        if (!isAway || performance.now() >= deadline || drain.begun.aborted) throw error;
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
    findings: Findings,
    drain: Drain,
  ): Promise<ImageInspect> {
    const { digest } = await this.puller.pull(old.Config.Image, this.engine.foreignPlatform(oldImage), drain.begun);
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

/** What a failure means for the deployment where nothing was touched, or where all was put back. */
function failedOutcome(error: unknown, stage: Stage, drain: Drain): Extract<UpdateOutcome, { error: unknown }> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UpdateError) {
    return {
      status: error.code === 'interrupted' ? 'dropped' : 'failed',
      error: { code: error.code, stage: error.stage, message },
    };
  }
  if (drain.begun.aborted && !(error instanceof TypeError))
    return { status: 'dropped', error: { code: 'interrupted', stage, message: `the service stops: ${message}` } };
  if (error instanceof EngineUnreachable)
    return { status: 'failed', error: { code: 'engine_unreachable', stage, message } };
  if (error instanceof EngineTimeout) return { status: 'failed', error: { code: 'engine_timeout', stage, message } };
  if (hasStatus(error, 400, 403, 404, 409, 500, 503)) {
    return { status: 'failed', error: { code: stage === 'swap' ? 'start_failed' : 'engine_error', stage, message } };
  }
  return { status: 'failed', error: { code: 'internal_error', stage, message } };
}
