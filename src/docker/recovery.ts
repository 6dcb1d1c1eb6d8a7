import { Inject, Injectable, Logger } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { commit } from './commit.js';
import { ContainerRules } from './container-rules.js';
import { isEngineAway } from './engine-error.js';
import { Engine } from './engine.js';
import type { ContainerInspect, ContainerSummary } from './engine-types.js';
import { find } from './find.js';
import type { Drain } from './outcome.js';
import { nameOf, type Pair } from './pair.js';
import { proofPolicy } from './proof-policy.js';
import { proveAll } from './proof.js';
import { decideRepair, groupRemains, type GroupRemains, type Remains } from './repair.js';
import { rollback } from './rollback.js';
import { stopContainer } from './stop.js';
import { parkedName, parseTemporaryName, temporaryNamePattern, type TemporaryName } from './temporary-names.js';

/**
 * Puts right what an update that was cut off (a kill, a crash, a power failure) has left behind, from what the engine
 * shows alone. Runs at start-up for all containers, and before each update for the one in question.
 */
@Injectable()
export class Recovery {
  private readonly logger = new Logger('Recovery');

  constructor(
    private readonly engine: Engine,
    private readonly rules: ContainerRules,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'proofTimeoutMs'>,
  ) {}

  /**
   * Finishes or rolls back every interrupted update, or the one that a container was part of. Each is tried, whatever
   * becomes of the others. One that cannot be put right is logged and left for people: it must not keep the other
   * containers waiting.
   * @throws where the engine went away meanwhile; for one container also where it could not be put right
   */
  async run(drain: Drain, name?: string): Promise<void> {
    const interrupted = interruptedUpdates(await this.engine.listContainersByName(temporaryNamePattern));
    const remains = await Promise.all(interrupted.map((one) => this.gather(one)));
    for (const group of groupRemains(remains)) {
      if (name !== undefined && !group.some((member) => member.name === name)) continue;
      try {
        await this.repair(group, drain);
      } catch (error) {
        if (name !== undefined || isEngineAway(error) || drain.nearlyOver.aborted) throw error;
        const { message } = error as Error;
        this.logger.error(`the interrupted update of ${group[0].name} needs a repair by hand: ${message}`, {
          container: group[0].name,
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

  private async repair(group: GroupRemains, drain: Drain): Promise<void> {
    const repair = decideRepair(group);
    if (repair.kind === 'nothing') return;
    const [{ name, old, replacement }, ...dependents] = group;
    this.logger.warn(`found an interrupted update of ${name}; next: ${repair.kind}`, {
      container: name,
      oldId: old?.Id.slice(0, 12),
      replacementId: replacement?.Id.slice(0, 12),
      ...(dependents.length > 0 ? { dependents: dependents.map((dependent) => dependent.name) } : {}),
    });
    switch (repair.kind) {
      case 'roll back':
        await rollback(this.engine, repair.pairs);
        break;
      case 'prove the replacement':
        await this.proveOrRollBack(repair.pairs, drain);
        break;
      case 'remove the old container':
        for (const pair of repair.pairs) await this.bringUp(pair);
        await commit(this.engine, repair.pairs);
        break;
      case 'remove the replacement':
        await this.engine.removeContainer(repair.replacementId);
        break;
      case 'give the name to':
        await this.engine.renameContainer(repair.containerId, name);
        await this.engine.startContainer(repair.containerId);
        break;
      default:
        repair satisfies never;
    }
    this.logger.log(`${name} is in order again`, { container: name });
  }

  private async proveOrRollBack(pairs: readonly Pair[], drain: Drain): Promise<void> {
    try {
      const started: ContainerInspect[] = [];
      for (const pair of pairs) started.push(...(await this.bringUp(pair)));
      await proveAll(
        this.engine,
        started.map((replacement) => ({
          containerId: replacement.Id,
          policy: proofPolicy(replacement, this.rules.optionsOf(nameOf(replacement), replacement), this.settings),
        })),
        drain,
      );
    } catch (error) {
      if (drain.nearlyOver.aborted) throw error;
      const name = pairs[0]?.name;
      this.logger.warn(`${name} goes back to the old container: ${(error as Error).message}`, { container: name });
      await rollback(this.engine, pairs);
      return;
    }
    await commit(this.engine, pairs);
  }

  /** The rest of the swap, from wherever it was cut off. Answers with the replacement, where it is to run. */
  private async bringUp({ name, oldId, newId, wasRunning }: Pair): Promise<ContainerInspect[]> {
    const [old, replacement] = await Promise.all([find(this.engine, oldId), this.engine.inspectContainer(newId)]);
    if (old && nameOf(old) === name) {
      if (old.State.Running) await stopContainer(this.engine, old, 'recover');
      await this.engine.renameContainer(oldId, parkedName(name, oldId));
    }
    if (nameOf(replacement) !== name) await this.engine.renameContainer(newId, name);
    if (wasRunning && !replacement.State.Running) await this.engine.startContainer(newId);
    return wasRunning ? [replacement] : [];
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
