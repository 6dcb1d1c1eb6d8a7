import { dependenciesOf, dependsOn, inOrder } from '../inspect/dependencies.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { type Pair } from '../update/pair.js';
import { isStandIn } from '../cutover/stand-in.js';
import { parkedName } from '../update/temporary-names.js';
import { nameOf, hasRun } from '../engine/container.js';

/** What is left of an interrupted update: the container that had the name, its replacement, and whether the name is taken. */
export interface Remains {
  name: string;
  old?: ContainerInspect;
  /** Only a container that the update certainly created. */
  replacement?: ContainerInspect;
  nameIsTaken: boolean;
  /** Whether `old` certainly is a copy of the container that has the name: see stand-in.ts. */
  copyOfOwner?: boolean;
  /** Whether all that `old` depends on is still there. */
  dependenciesRemain?: boolean;
}

/** The remains of one update: of its target, then of the dependents that were replaced with it, in the order of their starts. */
export type GroupRemains = readonly [target: Remains, ...dependents: Remains[]];

export type Repair =
  | { kind: 'roll back'; pairs: Pair[] }
  /** Brings up what is not up yet, and asks all that run for their proof. */
  | { kind: 'prove the replacement'; pairs: Pair[] }
  /** Brings up what is not up yet; there is nothing to be proved, or no way back. */
  | { kind: 'remove the old container'; pairs: Pair[] }
  | { kind: 'remove the replacement'; replacementId: string }
  /** What was prepared for a container that vanishes when it stops, and that has not been stopped. */
  | { kind: 'remove the copies'; containerIds: string[] }
  | { kind: 'give the name to'; containerId: string }
  /** Nothing proves that the container with the name is the replacement: this one waits for somebody to decide. */
  | { kind: 'keep both'; containerId: string }
  | { kind: 'nothing' };

/**
 * Finds out which of the interrupted containers were being replaced together: both sides of one depend on both sides of another,
 * as far as the other one's replacement is known.
 */
export function groupRemains(remains: readonly Remains[]): GroupRemains[] {
  const needs = (one: Remains, other: Remains): boolean =>
    isDependent(one.old, other.old) &&
    one.replacement !== undefined &&
    (!other.replacement || isDependent(one.replacement, other.replacement));
  const ordered = inOrder(remains, needs);
  const targets = ordered.filter((one) => !ordered.some((other) => other !== one && needs(one, other)));
  return targets.map((target) => {
    const group = new Set([target]);
    for (const one of ordered) if ([...group].some((member) => needs(one, member))) group.add(one);
    return [...group] as [Remains, ...Remains[]];
  });
}

/** Decides how an interrupted update goes on. The table of all cases, with reasons, stands in docs/operating.md. */
export function decideRepair(group: GroupRemains): Repair {
  const [{ name, old, replacement, nameIsTaken, copyOfOwner }] = group;
  if (!old) {
    // Somebody removed the old container. The replacement is all that is left of it, unless the name has a new owner.
    if (!replacement || nameOf(replacement) === name) return { kind: 'nothing' };
    if (!nameIsTaken) return { kind: 'give the name to', containerId: replacement.Id };
    // One that has run may hold what nobody else has.
    if (hasRun(replacement)) return { kind: 'keep both', containerId: replacement.Id };
    return { kind: 'remove the replacement', replacementId: replacement.Id };
  }
  const isParked = nameOf(old) === parkedName(name, old.Id);
  const isTakenByOther = nameIsTaken && isParked && (!replacement || nameOf(replacement) !== name);
  if (isTakenByOther && isStandIn(old)) {
    if (!copyOfOwner) return { kind: 'keep both', containerId: old.Id };
    const copies = replacement ? [replacement, old] : [old];
    return { kind: 'remove the copies', containerIds: copies.map(({ Id }) => Id) };
  }
  if (!replacement) {
    if (!isParked) return { kind: 'nothing' };
    return { kind: isTakenByOther ? 'keep both' : 'give the name to', containerId: old.Id };
  }
  const pairs = group.flatMap((remains) => pairOf(remains) ?? []);
  // It lives in a namespace that is no more, and was not touched yet: its replacement was to be proved beside it.
  if (!isParked && old.State.Running) return { kind: 'roll back', pairs };
  // A dependent without its target among the remains. Without the target's old container there is no way back.
  if (!sameDependencies(old, replacement))
    return { kind: group[0].dependenciesRemain ? 'roll back' : 'remove the old container', pairs };
  if (!isParked || nameOf(replacement) !== name) return { kind: 'roll back', pairs };
  if (replacement.State.Running) return { kind: 'prove the replacement', pairs };
  // One that did not run before, and whose replacement was started, goes back as well where that has ended.
  const isToRun = wasRunning(old, replacement) || hasRun(replacement);
  return { kind: isToRun ? 'roll back' : 'remove the old container', pairs };
}

function isDependent(container: ContainerInspect | undefined, other: ContainerInspect | undefined): boolean {
  return container !== undefined && other !== undefined && dependsOn(container, other);
}

function sameDependencies(old: ContainerInspect, replacement: ContainerInspect): boolean {
  const [before, after] = [dependenciesOf(old), dependenciesOf(replacement)];
  return before.length === after.length && before.every((dependency) => after.includes(dependency));
}

/**
 * What the old container was before the update, as its remains tell: its restart policy is the replacement's, for its own
 * may have been neutralised.
 */
function pairOf({ name, old, replacement }: Remains): Pair | undefined {
  return (
    old &&
    replacement && {
      name,
      oldId: old.Id,
      newId: replacement.Id,
      image: old.Config.Image,
      oldImageId: old.Image,
      newImageId: replacement.Image,
      wasRunning: wasRunning(old, replacement),
      startsNew: wasRunning(old, replacement) || replacement.State.Running,
      restartPolicy: replacement.HostConfig.RestartPolicy ?? { Name: 'no' },
    }
  );
}

/** It ran if it runs still, was stopped after the replacement was created, or stands in for one that ran. */
function wasRunning(old: ContainerInspect, replacement: ContainerInspect): boolean {
  return old.State.Running || isStandIn(old) || Date.parse(old.State.FinishedAt) > Date.parse(replacement.Created);
}
