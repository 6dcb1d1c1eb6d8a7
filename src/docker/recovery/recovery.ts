import { Inject, Injectable, Logger } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { commit } from '../cutover/commit.js';
import { ContainerRules } from '../rules/container-rules.js';
import { isEngineAway } from '../engine/engine-error.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, ContainerSummary } from '../engine/engine-types.js';
import { find, findImage } from '../engine/find.js';
import { giveName } from '../cutover/give-name.js';
import { keepBoth } from '../cutover/keep-both.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { UpdateError } from '../update/outcome.js';
import { type Pair } from '../update/pair.js';
import { proofPolicy } from '../rules/proof-policy.js';
import { proveAll } from '../cutover/proof.js';
import { ProofLapsed, type Proved } from '../cutover/proved.js';
import { isImagesFault, rejectImage } from '../images/rejected-image.js';
import { decideRepair, groupRemains, type GroupRemains, type Remains } from './repair.js';
import { rollback } from '../cutover/rollback.js';
import { startContainer } from '../engine/start.js';
import { stopContainer } from '../cutover/stop.js';
import { awaitEnd, isStopMarked } from '../cutover/stopping.js';
import { keptName, parkedName, parseTemporaryName, type TemporaryName } from '../update/temporary-names.js';
import type { UpdateOptions } from '../rules/update-options.js';
import type { Drain } from '../engine/shutdown-signals.js';
import { nameOf, hasRun } from '../engine/container.js';
import { isStandIn } from '../cutover/stand-in.js';
import { dependenciesOf } from '../inspect/dependencies.js';
import { isReplacementOf } from './replacement-mark.js';
import { labels } from '../update/labels.js';
import { writesToTheSame } from '../cutover/shared-data.js';

type RecoverySettings = Pick<
  Settings,
  'proofTimeoutMs' | 'unhealthyGraceMs' | 'keepPreviousImage' | 'removeReplacedImages'
>;

/** By the names of their containers. */
export interface RecoveryResult {
  repaired: string[];
  /** Those that people have to put right. */
  undone: string[];
}

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
    @Inject(settings.KEY) private readonly settings: RecoverySettings,
  ) {}

  /**
   * Finishes or rolls back every interrupted update, or the one that a container was part of. Each is tried, whatever
   * becomes of the others. One that cannot be put right is logged and left for people: it must not keep the other
   * containers waiting.
   * @param present every container of the engine
   * @throws where the engine went away meanwhile; for one container also where it could not be put right
   */
  async run(present: readonly ContainerSummary[], drain: Drain, name?: string): Promise<RecoveryResult> {
    const result: RecoveryResult = { repaired: [], undone: [] };
    const interrupted = interruptedUpdates(present);
    const remains = await Promise.all(interrupted.map((one) => this.gather(one)));
    for (const group of groupRemains(remains)) {
      if (name !== undefined && !group.some((member) => member.name === name)) continue;
      try {
        await this.repair(group, drain);
        result.repaired.push(group[0].name);
      } catch (error) {
        if (name !== undefined || isEngineAway(error) || drain.nearlyOver.aborted) throw error;
        const { message } = error as Error;
        this.logger.error(`the interrupted update of ${group[0].name} needs a repair by hand: ${message}`, {
          container: group[0].name,
        });
        result.undone.push(group[0].name);
      }
    }
    const kept = namesOf(present).find((temporary) => temporary.role === 'kept' && temporary.name === name);
    if (kept) throw undecided(kept);
    return result;
  }

  private async gather({ name, oldId12, replacementId }: InterruptedUpdate): Promise<Remains> {
    const byId = await find(this.engine, oldId12);
    const old = byId?.Id.startsWith(oldId12) ? byId : undefined;
    const byName = await find(this.engine, name);
    const owner = byName && nameOf(byName) === name ? byName : undefined;
    const prepared = replacementId ? await find(this.engine, replacementId) : undefined;
    return {
      name,
      old,
      replacement: prepared ?? (owner && old && (await this.replaces(owner, old)) ? owner : undefined),
      nameIsTaken: owner !== undefined,
      copyOfOwner: owner && old && isStandIn(old) ? await this.replaces(old, owner) : false,
      dependenciesRemain: old && (await this.haveAll(dependenciesOf(old))),
    };
  }

  private async haveAll(idsOrNames: readonly string[]): Promise<boolean> {
    const found = await Promise.all(idsOrNames.map((idOrName) => find(this.engine, idOrName)));
    return !found.includes(undefined);
  }

  /** Whether an update certainly created the one container in place of the other one. */
  private async replaces(one: ContainerInspect, other: ContainerInspect): Promise<boolean> {
    return isReplacementOf(one, await findImage(this.engine, one.Image), other.Id);
  }

  private async repair(group: GroupRemains, drain: Drain): Promise<void> {
    const repair = decideRepair(group);
    const [{ name, old, replacement }, ...dependents] = group;
    if (repair.kind === 'nothing') {
      for (const dependent of dependents) await this.repair([dependent], drain);
      return;
    }
    this.logger.warn(`found an interrupted update of ${name}; next: ${repair.kind}`, {
      container: name,
      oldId: old?.Id.slice(0, 12),
      replacementId: replacement?.Id.slice(0, 12),
      ...(dependents.length > 0 ? { dependents: dependents.map((dependent) => dependent.name) } : {}),
    });
    switch (repair.kind) {
      case 'roll back':
        await this.giveUp(repair.pairs);
        break;
      case 'prove the replacement':
        await this.proveOrRollBack(repair.pairs, drain);
        break;
      case 'remove the old container':
        await this.removeOld(repair.pairs);
        break;
      case 'remove the replacement':
        await this.engine.removeContainer(repair.replacementId);
        break;
      case 'remove the copies':
        // The container that they are copies of may be going.
        if (await this.awaitVanishing(group[0]))
          return this.repair(
            [await this.gather({ name, oldId12: old?.Id.slice(0, 12) ?? '', replacementId: replacement?.Id })],
            drain,
          );
        for (const id of repair.containerIds) await this.engine.removeContainer(id);
        break;
      case 'give the name to':
        await this.serveAs(name, repair.containerId);
        for (const dependent of dependents) await this.repair([dependent], drain);
        break;
      case 'keep both':
        throw await this.undecidedOwner(name, repair.containerId);
      default:
        repair satisfies never;
    }
    this.logger.log(`${name} is in order again`, { container: name });
  }

  /** Says what runs, what is kept and what to do. */
  private async undecidedOwner(name: string, keptId: string): Promise<UpdateError> {
    const [owner, kept] = await Promise.all([find(this.engine, name), find(this.engine, keptId)]);
    const keptAs = kept ? nameOf(kept) : keptId;
    return new UpdateError(
      'refused',
      'recover',
      `nothing proves that the last update of ${name} created the container ${owner ? shown(owner) : '(gone)'} that has this name now, so both are kept as they are: it, and ${keptAs} (${kept ? shown(kept) : 'gone'}). To keep ${name} as it is now: docker rm -f ${keptAs}. To go back to ${keptAs}: stop and rename ${name}, then notify again. See docs/operating.md`,
    );
  }

  /** Whether a container run with `--rm` is gone that an update had told to stop. */
  private async awaitVanishing({ name, old, replacement }: Remains): Promise<boolean> {
    const original = await find(this.engine, name);
    if (!old || !original || !isStopMarked(replacement, { name, oldId: old.Id })) return false;
    await awaitEnd(this.engine, original);
    const present = await find(this.engine, original.Id);
    if (present?.State.Running) return false;
    if (present) await stopContainer(this.engine, present, 'recover');
    return true;
  }

  /** What cannot have the name runs all the same, and the next recovery gives it the name. */
  private async serveAs(name: string, containerId: string): Promise<void> {
    await this.assertServesAlone(containerId);
    try {
      await giveName(this.engine, await this.engine.inspectContainer(containerId), name);
    } finally {
      await startContainer(this.engine, containerId);
    }
  }

  /** @throws where its replacement, which somebody gave another name, runs and writes to the same data */
  private async assertServesAlone(oldId: string): Promise<void> {
    const container = await this.engine.inspectContainer(oldId);
    if (container.State.Running) return;
    for (const { Id, Labels } of await this.engine.listContainers()) {
      if (Labels?.[labels.replaces] !== oldId) continue;
      const rival = await find(this.engine, Id);
      if (rival?.State.Running && writesToTheSame(container, rival))
        throw new Error(
          `somebody renamed its replacement to ${nameOf(rival)}; that one runs and writes to the same data, which two at once could ruin. Stop ${nameOf(rival)}, or remove ${nameOf(container)}`,
        );
    }
  }

  private async removeOld(pairs: readonly Pair[]): Promise<void> {
    const containers = [];
    for (const pair of pairs) containers.push(await this.bringUp(pair));
    await this.commit(
      pairs,
      containers.map((container) => ({ container })),
    );
  }

  private async proveOrRollBack(pairs: readonly Pair[], drain: Drain): Promise<void> {
    let isProved = false;
    try {
      const proved = await this.prove(pairs, drain);
      isProved = true;
      await this.commit(pairs, proved);
    } catch (error) {
      // Once an old container may be removed, there is no way back.
      if (drain.nearlyOver.aborted || (isProved && !(error instanceof ProofLapsed))) throw error;
      const name = pairs[0]?.name;
      this.logger.warn(`the new container of ${name} failed: ${(error as Error).message}`, { container: name });
      await this.giveUp(pairs);
      const [target] = pairs;
      const isFromOutside = error instanceof ProofLapsed && error.isFromOutside;
      if (target && !isFromOutside && error instanceof UpdateError && isImagesFault(error)) await this.reject(target);
    }
  }

  private async prove(pairs: readonly Pair[], drain: Drain): Promise<Proved[]> {
    const toProve: Parameters<typeof proveAll>[1][number][] = [];
    const stopped: Proved[] = [];
    for (const pair of pairs) {
      const container = await this.bringUp(pair);
      const options = await this.optionsOf(pair, container);
      const policy = proofPolicy(container, options, this.settings);
      if (pair.startsNew) toProve.push({ containerId: pair.newId, policy });
      else stopped.push({ container });
    }
    return [...(await proveAll(this.engine, toProve, drain)), ...stopped];
  }

  /** So that the next notify does not try it again. */
  private async reject({ name, newImageId }: Pair): Promise<void> {
    try {
      await rejectImage(this.engine, name, newImageId, this.settings.removeReplacedImages);
    } catch (error) {
      this.logger.warn(`the next notify will try the image again that failed: ${(error as Error).message}`, {
        container: name,
      });
    }
  }

  private async giveUp(pairs: readonly Pair[]): Promise<void> {
    const [target] = pairs;
    const replacement = target && (await find(this.engine, target.newId));
    if (replacement && hasRun(replacement) && (await this.wantsToBeLeftStopped(target, replacement))) {
      const kept = Object.values(await keepBoth(this.engine, pairs)).filter((name) => name !== undefined);
      this.logger.error(`${target.name} is stopped; kept for somebody to decide: ${kept.join(', ')}`, {
        container: target.name,
      });
      return;
    }
    const { warnings } = await rollback(this.engine, pairs);
    for (const warning of warnings) this.logger.warn(warning, { container: target?.name });
  }

  private async wantsToBeLeftStopped(pair: Pair, replacement: ContainerInspect): Promise<boolean> {
    return nameOf(replacement) === pair.name && (await this.optionsOf(pair, replacement)).onFailure === 'stop';
  }

  /** As the update read them: from the old container, since a label that the new image has too looks like the image's. */
  private async optionsOf(pair: Pair, replacement: ContainerInspect): Promise<UpdateOptions> {
    const subject = (await find(this.engine, pair.oldId)) ?? replacement;
    const set = labelsOfUser(subject, await findImage(this.engine, subject.Image));
    return this.rules.optionsOf(pair.name, set, { ...replacement.Config.Labels, ...subject.Config.Labels });
  }

  private async commit(pairs: readonly Pair[], proved: readonly Proved[]): Promise<void> {
    // The old one of `start-first` that still ends was told to: a second signal would cut its clean-up off.
    const olds = await Promise.all(pairs.map(({ oldId }) => find(this.engine, oldId)));
    await Promise.all(olds.map(async (old) => old && (await awaitEnd(this.engine, old))));
    for (const warning of await commit(this.engine, pairs, proved, this.settings)) this.logger.warn(warning);
  }

  /** The rest of the swap, from wherever it was cut off. Answers with the replacement as it was found. */
  private async bringUp({ name, oldId, newId, startsNew }: Pair): Promise<ContainerInspect> {
    const [old, replacement] = await Promise.all([find(this.engine, oldId), this.engine.inspectContainer(newId)]);
    if (old && nameOf(old) === name) {
      if (old.State.Running) await stopContainer(this.engine, old, 'recover');
      await this.engine.renameContainer(oldId, parkedName(name, oldId));
    }
    if (nameOf(replacement) !== name) await this.engine.renameContainer(newId, name);
    if (startsNew && !replacement.State.Running) await startContainer(this.engine, newId);
    return replacement;
  }
}

/** An update that its container wanted to be left as it was when it failed: until somebody decides, none follows it. */
function undecided({ name, oldId12 }: TemporaryName): UpdateError {
  return new UpdateError(
    'refused',
    'recover',
    `the last update of ${name} failed and left both containers stopped, ${name} and ${keptName(name, oldId12)}; decide which one is to go on and remove or rename the other: see docs/operating.md`,
  );
}

function shown({ Id, State }: Pick<ContainerInspect, 'Id' | 'State'>): string {
  return `${Id.slice(0, 12)}, ${State.Status}`;
}

interface InterruptedUpdate extends Omit<TemporaryName, 'role'> {
  replacementId?: string;
}

/** One entry per update: its replacement and its parked old container share the name and the old id. */
function interruptedUpdates(containers: readonly ContainerSummary[]): InterruptedUpdate[] {
  const updates = new Map<string, InterruptedUpdate>();
  for (const container of containers) {
    const [temporary] = namesOf([container]);
    if (!temporary || temporary.role === 'kept' || temporary.role === 'self') continue;
    const { name, oldId12, role } = temporary;
    const key = `${name} ${oldId12}`;
    updates.set(key, {
      ...(updates.get(key) ?? { name, oldId12 }),
      ...(role === 'new' ? { replacementId: container.Id } : {}),
    });
  }
  return [...updates.values()];
}

function namesOf(containers: readonly ContainerSummary[]): TemporaryName[] {
  return containers.flatMap(({ Names }) => Names.flatMap((name) => parseTemporaryName(name) ?? []));
}
