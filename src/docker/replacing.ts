import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { commit } from './commit.js';
import { awaitEngine } from './await-engine.js';
import { Engine } from './engine.js';
import type { ContainerInspect } from './engine-types.js';
import { collectEvidence } from './evidence.js';
import { failureOf } from './failure.js';
import type { Members } from './member.js';
import { UpdateError, type UpdateOutcome } from './outcome.js';
import { proveAll } from './proof.js';
import { rollback } from './rollback.js';
import type { RunningUpdate } from './running-update.js';
import { swap } from './swap.js';

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
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engineWaitMs' | 'logTailLines'>,
  ) {}

  /** @throws UpdateError `interrupted` where the service stops while the replacements prove themselves: recovery goes on */
  async replace(members: Members, update: RunningUpdate): Promise<Replaced> {
    const [{ pair: target }] = members;
    try {
      await update.enter('swap');
      await swap(this.engine, members, update.drain);
      await this.prove(members, update);
    } catch (error) {
      // The replacement runs; its proof goes on when the service is back.
      if (error instanceof UpdateError && error.code === 'interrupted') throw error;
      return await this.rollBack(members, error, update);
    }
    await update.enter('commit');
    let leavesRemains = false;
    try {
      await commit(
        this.engine,
        members.map(({ pair }) => pair),
      );
    } catch (error) {
      // The update is done all the same; the recovery that is due now removes the old container.
      leavesRemains = true;
      update.warn(`an old container is still there and will be removed later: ${(error as Error).message}`);
    }
    const outcome = { ...update.findings, containerId: target.newId, status: 'succeeded', result: 'updated' } as const;
    return { outcome, leavesRemains };
  }

  private async prove(members: Members, update: RunningUpdate): Promise<void> {
    const [{ pair: target }] = members;
    const running = members.filter(({ pair }) => pair.wasRunning);
    if (running.length === 0) return;
    await update.enter('prove');
    const proven = await proveAll(
      this.engine,
      running.map(({ pair, policy }) => ({ containerId: pair.newId, policy })),
      update.drain,
    );
    const newTarget = proven.find(({ Id }) => Id === target.newId);
    if (newTarget) update.findings.downtimeMs = await this.downtimeMs(target.oldId, newTarget);
  }

  private async rollBack(members: Members, cause: unknown, update: RunningUpdate): Promise<Replaced> {
    const [{ pair: target }] = members;
    const evidence =
      update.stage === 'prove'
        ? await collectEvidence(this.engine, target.newId, { logLines: this.settings.logTailLines, mask: update.mask })
        : {};
    if (evidence.logTail && evidence.logTail.length > 0) update.report.log(evidence.logTail);
    const { error } = failureOf(cause, update);
    await update.enter('rollback');
    try {
      await awaitEngine(this.engine, this.settings.engineWaitMs, update.drain);
      await rollback(
        this.engine,
        members.map(({ pair }) => pair),
      );
    } catch (failure) {
      const message = update.mask(`${error.message}; ${(failure as Error).message}`);
      const failed = { code: 'rollback_failed', stage: 'rollback', message, ...evidence } as const;
      return { outcome: { ...update.findings, status: 'failed', error: failed }, leavesRemains: true };
    }
    const outcome = { ...update.findings, containerId: target.oldId, status: 'rolled_back' } as const;
    return { outcome: { ...outcome, error: { ...error, ...evidence } }, leavesRemains: false };
  }

  private async downtimeMs(oldId: string, proven: ContainerInspect): Promise<number | undefined> {
    const old = await this.engine.inspectContainer(oldId).catch(() => undefined);
    return old && Math.max(0, Date.parse(proven.State.StartedAt) - Date.parse(old.State.FinishedAt));
  }
}
