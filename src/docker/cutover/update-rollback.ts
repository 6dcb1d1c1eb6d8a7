import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { isEngineUnreachable } from '../engine/engine-error.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';
import { rejectImage } from '../images/rejected-image.js';
import { evidenceTerms, lookForEvidence } from '../report/evidence.js';
import { awaitEngine } from '../update/await-engine.js';
import type { Evidence, UpdateOutcome } from '../update/outcome.js';
import type { Pair } from '../update/pair.js';
import type { RunningUpdate } from '../update/running-update.js';
import { cutoverFailure, keepsBoth, keptStopped, type CutoverFailure } from './cutover-failure.js';
import { dependentsOf, type CutoverResult } from './cutover-result.js';
import { keepBoth } from './keep-both.js';
import type { Members } from './member.js';
import { movedPorts } from './moved-ports.js';
import { rollback } from './rollback.js';

/** How many times a rollback is begun that a restart of the engine breaks off. */
const maxTries = 3;

/** Reads the evidence; once, however often it is called. */
type CollectEvidence = () => Promise<Evidence>;

/** The end of a cutover that failed: the old containers run again, or both are kept if their container asked for that. */
@Injectable()
export class UpdateRollback {
  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY)
    private readonly settings: Pick<Settings, 'engineWaitMs' | 'logTailLines' | 'removeReplacedImages'>,
  ) {}

  /** Never throws: a rollback that fails is an outcome too. */
  async run(members: Members, cause: unknown, update: RunningUpdate): Promise<CutoverResult> {
    const [{ pair: target, options }] = members;
    const failure = cutoverFailure(members, cause, update);
    const collect = await this.evidence(failure, update);
    const withEvidence = async (
      status: 'failed' | CutoverFailure['status'],
      error = failure.error,
    ): Promise<UpdateOutcome> => {
      const details = { ...error, ...(await collect()) };
      return { ...update.findings, status, error: details };
    };
    await update.enter('rollback');
    try {
      await awaitEngine(this.engine, this.settings.engineWaitMs, update.drain);
      const replacement = options.onFailure === 'stop' ? await find(this.engine, target.newId) : undefined;
      if (keepsBoth(options, replacement)) {
        const kept = await keepBoth(
          this.engine,
          members.map(({ pair }) => pair),
        );
        update.note({ containerId: target.newId });
        return {
          outcome: await withEvidence('failed', keptStopped(target, kept, failure.error)),
          leavesRemains: false,
        };
      }
      await this.rollBack(members, failure, collect, update);
    } catch (error) {
      const message = update.mask(`${failure.error.message}; ${(error as Error).message}`);
      const outcome = await withEvidence('failed', { code: 'rollback_failed', stage: 'rollback', message });
      return { outcome, leavesRemains: true };
    }
    update.note({ ...dependentsOf(members, 'oldId'), containerId: target.oldId });
    return { outcome: await withEvidence(failure.status), leavesRemains: false };
  }

  /** Looks at the replacement that failed before anything is done to it. */
  private async evidence(
    { member, dependent, error }: CutoverFailure,
    update: RunningUpdate,
  ): Promise<CollectEvidence> {
    const terms = evidenceTerms(member.options, this.settings.logTailLines, update.mask);
    const read = await lookForEvidence(this.engine, member.pair.newId, terms);
    let evidence: Evidence | undefined;
    // Once: a log takes a while to be read, and by then nobody waits for service any more.
    return async () => {
      if (evidence) return evidence;
      const { exitCode = error.exitCode, ...rest } = await read();
      evidence = { exitCode, ...rest, ...(dependent !== undefined && { evidenceOf: dependent }) };
      if (evidence.logTail && evidence.logTail.length > 0) update.report.log(evidence.logTail, dependent);
      return evidence;
    };
  }

  private async rollBack(
    members: Members,
    { blamesImage }: CutoverFailure,
    collect: CollectEvidence,
    update: RunningUpdate,
  ): Promise<void> {
    const [{ pair: target, old }] = members;
    const pairs = members.map(({ pair }) => pair);
    const { tagRestored, warnings } = await this.restore(pairs, collect, update);
    update.note({ tagRestored, ...(!target.wasRunning && { running: false }) });
    update.warn(...warnings);
    if (blamesImage) await this.reject(target, update);
    if (old.Id !== target.oldId)
      update.warn('the old container was run with --rm and vanished; what runs now is a copy of it, of the same image');
    update.note({ downtimeMs: await this.restoredAfterMs(old, update) });
  }

  /** Begins again where the engine went away in the middle: when it is back, the containers may run or not. */
  private async restore(
    pairs: readonly Pair[],
    beforeRemoval: CollectEvidence,
    { drain }: RunningUpdate,
  ): ReturnType<typeof rollback> {
    for (let tries = 1; ; tries++) {
      try {
        return await rollback(this.engine, pairs, beforeRemoval);
      } catch (error) {
        if (tries >= maxTries || drain.begun.aborted || !isEngineUnreachable(error)) throw error;
        await awaitEngine(this.engine, this.settings.engineWaitMs, drain);
      }
    }
  }

  /** So that the next notify does not try it again. */
  private async reject({ name, newImageId }: Pair, update: RunningUpdate): Promise<void> {
    try {
      await rejectImage(this.engine, name, newImageId, this.settings.removeReplacedImages);
    } catch (error) {
      update.warn(`the next notify will try the image again that failed: ${(error as Error).message}`);
    }
  }

  /** How long an old container that runs again was away, in milliseconds by the engine's clock; 0 if it was never stopped. */
  private async restoredAfterMs(before: ContainerInspect, update: RunningUpdate): Promise<number | undefined> {
    const restored = await this.engine.inspectContainer(before.Id).catch(() => undefined);
    if (!restored?.State.Running) return undefined;
    update.warn(...movedPorts(before, restored));
    const { StartedAt, FinishedAt } = restored.State;
    return StartedAt === before.State.StartedAt ? 0 : Math.max(0, Date.parse(StartedAt) - Date.parse(FinishedAt));
  }
}
