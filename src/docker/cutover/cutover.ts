import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { acquitImage } from '../images/rejected-image.js';
import { UpdateError } from '../update/outcome.js';
import type { RunningUpdate } from '../update/running-update.js';
import { commit } from './commit.js';
import { dependentsOf, type CutoverResult } from './cutover-result.js';
import type { Member, Members } from './member.js';
import { movedPorts } from './moved-ports.js';
import { proveAll } from './proof.js';
import { ProofLapsed, type Proved } from './proved.js';
import { drainOld, handOver, startBeside } from './start-first.js';
import { swap } from './swap.js';
import { UpdateRollback } from './update-rollback.js';

/** From the prepared replacements to the end: swap and proof, then commit or rollback. */
@Injectable()
export class Cutover {
  constructor(
    private readonly engine: Engine,
    private readonly rollback: UpdateRollback,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'keepPreviousImage' | 'removeReplacedImages'>,
  ) {}

  /** @throws UpdateError `interrupted` where the service stops while the replacements prove themselves: recovery goes on */
  async run(members: Members, update: RunningUpdate): Promise<CutoverResult> {
    const [target] = members;
    const isStartFirst = target.options.order === 'start-first' && target.pair.wasRunning;
    let proved: Proved[];
    try {
      proved = await (isStartFirst ? this.startFirst(target, update) : this.stopFirst(members, update));
    } catch (error) {
      // The replacement runs; its proof goes on when the service is back.
      if (isInterruption(error) && !isStartFirst) throw error;
      return await this.rollback.run(members, error, update);
    }
    await update.enter('commit');
    let leavesRemains = false;
    try {
      if (isStartFirst) await drainOld(this.engine, target, proved, update.drain);
      const pairs = members.map(({ pair }) => pair);
      update.warn(...(await commit(this.engine, pairs, proved, this.settings)));
    } catch (error) {
      if (error instanceof ProofLapsed) return await this.rollback.run(members, error, update);
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
