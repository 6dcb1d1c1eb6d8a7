import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { commit } from './commit.js';
import { awaitEngine } from '../update/await-engine.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { evidenceTerms, lookForEvidence } from '../report/evidence.js';
import { failureOf } from '../report/failure.js';
import { find } from '../engine/find.js';
import { keepBoth, type Kept } from './keep-both.js';
import { labels } from '../update/labels.js';
import type { Member, Members } from './member.js';
import { movedPorts } from './moved-ports.js';
import {
  UpdateError,
  type Evidence,
  type FailureDetails,
  type Findings,
  type UpdateOutcome,
} from '../update/outcome.js';
import type { Pair } from '../update/pair.js';
import { proveAll } from './proof.js';
import { ProofLapsed, type Proved } from './proved.js';
import { acquitImage, isImagesFault, rejectImage } from '../images/rejected-image.js';
import { rollback } from './rollback.js';
import type { RunningUpdate } from '../update/running-update.js';
import { drainOld, handOver, startBeside } from './start-first.js';
import { swap } from './swap.js';
import { hasRun } from '../engine/container.js';

/** How a replacement ended, and whether the engine still holds remains of it that a recovery has to clear away. */
export interface Replaced {
  outcome: UpdateOutcome;
  leavesRemains: boolean;
}

/** From the prepared replacements to the end: swap and proof, then commit or rollback. */
@Injectable()
export class Replacing {
  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY)
    private readonly settings: Pick<
      Settings,
      'engineWaitMs' | 'logTailLines' | 'keepPreviousImage' | 'removeReplacedImages'
    >,
  ) {}

  /** @throws UpdateError `interrupted` where the service stops while the replacements prove themselves: recovery goes on */
  async replace(members: Members, update: RunningUpdate): Promise<Replaced> {
    const [target] = members;
    const isStartFirst = target.options.order === 'start-first' && target.pair.wasRunning;
    let proved: Proved[];
    try {
      proved = await (isStartFirst ? this.startFirst(target, update) : this.stopFirst(members, update));
    } catch (error) {
      // The replacement runs; its proof goes on when the service is back.
      if (isInterruption(error) && !isStartFirst) throw error;
      return await this.giveUp(members, error, update);
    }
    await update.enter('commit');
    let leavesRemains = false;
    try {
      if (isStartFirst) await drainOld(this.engine, target, proved, update.drain);
      const pairs = members.map(({ pair }) => pair);
      update.warn(...(await commit(this.engine, pairs, proved, this.settings)));
    } catch (error) {
      if (error instanceof ProofLapsed) return await this.giveUp(members, error, update);
      // The update is done all the same; the recovery that is due now removes the old container.
      leavesRemains = true;
      update.warn(`an old container is still there and will be removed later: ${(error as Error).message}`);
    }
    const { name, newId, newImageId, wasRunning, startsNew } = target.pair;
    await acquitImage(this.engine, name, { Id: newImageId }).catch(() => undefined);
    if (!wasRunning) update.note({ running: startsNew });
    return {
      outcome: {
        ...update.findings,
        ...dependentsOf(members, 'newId'),
        containerId: newId,
        status: 'succeeded',
        result: 'updated',
      },
      leavesRemains,
    };
  }

  private async stopFirst(members: Members, update: RunningUpdate): Promise<Proved[]> {
    await update.enter('swap');
    await swap(this.engine, members, update.drain, (warning) => {
      update.warn(warning);
    });
    return this.prove(members, update);
  }

  private async startFirst(target: Member, update: RunningUpdate): Promise<Proved[]> {
    await update.enter('prove');
    const container = await startBeside(this.engine, target, update.drain);
    await update.enter('swap');
    await handOver(this.engine, target, update.drain);
    update.note({ downtimeMs: 0 });
    return [{ container, policy: target.policy }];
  }

  private async prove(members: Members, update: RunningUpdate): Promise<Proved[]> {
    const [{ pair: target, old }] = members;
    const running = members.filter(({ pair }) => pair.startsNew);
    const stopped = members.filter(({ pair }) => !pair.startsNew);
    if (running.length > 0) await update.enter('prove');
    const subjects = running.map(({ pair, policy }) => ({ containerId: pair.newId, policy }));
    const [proved, oldNow] = await Promise.all([
      proveAll(this.engine, subjects, update.drain),
      running.length > 0 ? this.engine.inspectContainer(old.Id).catch(() => undefined) : undefined,
    ]);
    for (const { pair, old: before } of members) {
      const after = proved.find(({ container }) => container.Id === pair.newId)?.container;
      if (after) update.warn(...movedPorts(before, after));
    }
    const newTarget = proved.find(({ container }) => container.Id === target.newId);
    if (newTarget && oldNow && target.wasRunning) update.note({ downtimeMs: downtimeMs(oldNow, newTarget.container) });
    return [...proved, ...stopped.map(({ replacement }) => ({ container: replacement }))];
  }

  private async giveUp(members: Members, cause: unknown, update: RunningUpdate): Promise<Replaced> {
    const [{ pair: target, options, old }] = members;
    const pairs = members.map(({ pair }) => pair);
    const failing = members.find(({ pair }) => cause instanceof UpdateError && pair.newId === cause.containerId);
    const failed = failing?.pair;
    const told = evidenceTerms(failing?.options ?? options, this.settings.logTailLines, update.mask);
    const { status, error } = failureOf(cause, update);
    if (failed && failed !== target)
      error.message = `${failed.name}, which depends on ${target.name}: ${error.message}`;
    const witnessId = (failed ?? target).newId;
    const readEvidence = await lookForEvidence(this.engine, witnessId, told);
    let evidence: Evidence | undefined;
    /** Once: a log takes a while to be read, and by then nobody waits for service any more. */
    const collect = async (): Promise<Evidence> => {
      if (evidence) return evidence;
      const { exitCode = error.exitCode, ...rest } = await readEvidence();
      const evidenceOf = failed && failed !== target ? failed.name : undefined;
      evidence = { exitCode, ...rest, ...(evidenceOf !== undefined && { evidenceOf }) };
      if (evidence.logTail && evidence.logTail.length > 0) update.report.log(evidence.logTail, evidenceOf);
      return evidence;
    };
    await update.enter('rollback');
    try {
      await awaitEngine(this.engine, this.settings.engineWaitMs, update.drain);
      // What never ran has touched no data.
      const replacement = options.onFailure === 'stop' ? await find(this.engine, target.newId) : undefined;
      if (replacement && hasRun(replacement)) {
        const kept = await keepBoth(this.engine, pairs);
        return {
          outcome: keptStopped(target, kept, update.findings, { ...error, ...(await collect()) }),
          leavesRemains: false,
        };
      }
      const { tagRestored, warnings } = await rollback(this.engine, pairs, collect);
      update.note({ tagRestored, ...(!target.wasRunning && { running: false }) });
      update.warn(...warnings);
      const isGone = cause instanceof ProofLapsed && cause.isGone;
      if (update.kind === 'update' && !isGone && isImagesFault(error)) await this.reject(target, update);
      if (old.Id !== target.oldId)
        update.warn(
          'the old container was run with --rm and vanished; what runs now is a copy of it, of the same image',
        );
      update.note({ downtimeMs: await this.restoredAfterMs(old, update) });
    } catch (failure) {
      const message = update.mask(`${error.message}; ${(failure as Error).message}`);
      const failed = { code: 'rollback_failed', stage: 'rollback', message, ...(await collect()) } as const;
      return { outcome: { ...update.findings, status: 'failed', error: failed }, leavesRemains: true };
    }
    const dependents = dependentsOf(members, 'oldId');
    const details = { ...error, ...(await collect()) };
    const outcome = { ...update.findings, ...dependents, containerId: target.oldId, error: details };
    return {
      outcome: { ...outcome, status: status === 'dropped' ? 'dropped' : 'rolled_back' },
      leavesRemains: false,
    };
  }

  /** So that the next notify does not try it again. */
  private async reject({ name, newImageId }: Pair, update: RunningUpdate): Promise<void> {
    try {
      await rejectImage(this.engine, name, newImageId, this.settings.removeReplacedImages);
    } catch (error) {
      update.warn(`the next notify will try the image again that failed: ${(error as Error).message}`);
    }
  }

  /** How long an old container that runs again was away; 0 where it was never stopped. By the engine's clock. */
  private async restoredAfterMs(before: ContainerInspect, update: RunningUpdate): Promise<number | undefined> {
    const restored = await this.engine.inspectContainer(before.Id).catch(() => undefined);
    if (!restored?.State.Running) return undefined;
    update.warn(...movedPorts(before, restored));
    const { StartedAt, FinishedAt } = restored.State;
    return StartedAt === before.State.StartedAt ? 0 : Math.max(0, Date.parse(StartedAt) - Date.parse(FinishedAt));
  }
}

/** By the engine's clock. */
function downtimeMs(
  { State: { FinishedAt } }: Pick<ContainerInspect, 'State'>,
  { State: { StartedAt } }: Pick<ContainerInspect, 'State'>,
): number {
  return Math.max(0, Date.parse(StartedAt) - Date.parse(FinishedAt));
}

function isInterruption(error: unknown): boolean {
  return error instanceof UpdateError && error.code === 'interrupted';
}

function keptStopped(
  { newId, restartPolicy }: Pair,
  { old, replacement }: Kept,
  findings: Findings,
  error: FailureDetails,
): UpdateOutcome {
  const policy =
    restartPolicy.Name && restartPolicy.Name !== 'no' ? ` Its restart policy was ${restartPolicy.Name}.` : '';
  const message = `${error.message}; as ${labels.onFailure}=stop asks, nothing was rolled back: ${replacement === undefined ? 'the new container was removed by somebody' : `the new container was stopped and keeps the name ${replacement}`}, ${old === undefined ? 'the old one was removed by somebody' : `the old one is stopped too and is kept as ${old}`}.${policy} See docs/operating.md for the way on and the way back`;
  return { ...findings, containerId: newId, status: 'failed', error: { ...error, code: 'kept_stopped', message } };
}

/** Which containers have the dependents' names in the end. */
function dependentsOf([, ...dependents]: Members, side: 'oldId' | 'newId'): Pick<Findings, 'dependents'> {
  if (dependents.length === 0) return {};
  return {
    dependents: dependents.map(({ pair }) => ({
      name: pair.name,
      fromContainerId: pair.oldId,
      containerId: pair[side],
    })),
  };
}
