import { Inject, Injectable, Logger } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { commit } from './commit.js';
import { isEngineAway } from './engine-error.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ContainerSummary } from './engine-types.js';
import type { Drain } from './outcome.js';
import { nameOf, type Pair } from './pair.js';
import { proofPolicy } from './proof-policy.js';
import { prove } from './proof.js';
import { decideRepair, type Remains } from './repair.js';
import { find, rollback } from './rollback.js';
import { parseTemporaryName, temporaryNamePattern, type TemporaryName } from './temporary-names.js';
import { optionsOf } from './update-options.js';

/**
 * Puts right what an update that was cut off (a kill, a crash, a power failure) has left behind, from what the engine
 * shows alone. Runs at start-up for all containers, and before each update for the one in question.
 */
@Injectable()
export class Recovery {
  private readonly logger = new Logger('Recovery');

  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'settleTimeMs' | 'proofTimeoutMs'>,
  ) {}

  /**
   * Finishes or rolls back every interrupted update, or those of one container. Each is tried, whatever becomes of the
   * others. One that cannot be put right is logged and left for people: it must not keep the other containers waiting.
   * @throws where the engine went away meanwhile; for one container also where it could not be put right
   */
  async run(drain: Drain, name?: string): Promise<void> {
    for (const interrupted of interruptedUpdates(await this.engine.listContainersByName(temporaryNamePattern))) {
      if (name !== undefined && interrupted.name !== name) continue;
      try {
        await this.repair(await this.gather(interrupted), drain);
      } catch (error) {
        if (name !== undefined || isEngineAway(error) || drain.nearlyOver.aborted) throw error;
        const { message } = error as Error;
        this.logger.error(`the interrupted update of ${interrupted.name} needs a repair by hand: ${message}`, {
          container: interrupted.name,
        });
      }
    }
  }

  private async gather({ name, oldId12, replacementId }: InterruptedUpdate): Promise<Remains> {
    const byId = await find(this.engine, oldId12);
    const old = byId?.Id.startsWith(oldId12) ? byId : undefined;
    const byName = await find(this.engine, name);
    const owner = byName && nameOf(byName) === name ? byName : undefined;
    const replacement = replacementId ? await find(this.engine, replacementId) : undefined;
    return {
      name,
      old,
      replacement: replacement ?? (owner?.Id === old?.Id ? undefined : owner),
      nameIsTaken: owner !== undefined,
    };
  }

  private async repair(remains: Remains, drain: Drain): Promise<void> {
    const repair = decideRepair(remains);
    if (repair.kind === 'nothing') return;
    const ids = { oldId: remains.old?.Id.slice(0, 12), replacementId: remains.replacement?.Id.slice(0, 12) };
    this.logger.warn(`found an interrupted update of ${remains.name}; next: ${repair.kind}`, {
      container: remains.name,
      ...ids,
    });
    switch (repair.kind) {
      case 'roll back':
        await rollback(this.engine, repair.pair);
        break;
      case 'prove the replacement':
        await this.proveOrRollBack(repair.pair, repair.replacement, drain);
        break;
      case 'remove the old container':
        await commit(this.engine, repair.oldId);
        break;
      case 'remove the replacement':
        await this.engine.removeContainer(repair.replacementId);
        break;
      case 'give the name to':
        await this.engine.renameContainer(repair.containerId, remains.name);
        await this.engine.startContainer(repair.containerId);
        break;
      default:
        repair satisfies never;
    }
    this.logger.log(`${remains.name} is in order again`, { container: remains.name });
  }

  private async proveOrRollBack(pair: Pair, replacement: ContainerInspect, drain: Drain): Promise<void> {
    try {
      const options = optionsOf(pair.name, replacement, this.settings);
      await prove(this.engine, replacement.Id, proofPolicy(replacement, options, this.settings), drain);
    } catch (error) {
      if (drain.nearlyOver.aborted) throw error;
      this.logger.warn(`${pair.name} goes back to the old container: ${(error as Error).message}`, {
        container: pair.name,
      });
      await rollback(this.engine, pair);
      return;
    }
    await commit(this.engine, pair.oldId);
  }
}

interface InterruptedUpdate extends Omit<TemporaryName, 'role'> {
  replacementId?: string;
}

/** One entry per update: its replacement and its parked old container share the name and the old id. */
function interruptedUpdates(containers: ContainerSummary[]): InterruptedUpdate[] {
  const updates = new Map<string, InterruptedUpdate>();
  for (const { Id, Names } of containers) {
    const temporary = Names.map(parseTemporaryName).find((name) => name !== undefined);
    if (!temporary) continue;
    const { name, oldId12, role } = temporary;
    const key = `${name} ${oldId12}`;
    updates.set(key, { ...(updates.get(key) ?? { name, oldId12 }), ...(role === 'new' ? { replacementId: Id } : {}) });
  }
  return [...updates.values()];
}
