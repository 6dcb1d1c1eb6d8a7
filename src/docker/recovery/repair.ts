import { dependenciesOf, dependsOn, inOrder } from '../inspect/dependencies.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { type Pair } from '../update/pair.js';
import { isStandIn } from '../cutover/stand-in.js';
import { parkedName } from '../update/temporary-names.js';
import { nameOf } from '../engine/container.js';

/** What is left of an interrupted update: the container that had the name, its replacement, and who has the name now. */
export interface Remains {
  name: string;
  old?: ContainerInspect;
  replacement?: ContainerInspect;
  nameIsTaken: boolean;
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
  | { kind: 'nothing' };

/** Finds out which of the interrupted containers were being replaced together: both sides of one depend on both sides of another. */
export function groupRemains(remains: readonly Remains[]): GroupRemains[] {
  const needs = (one: Remains, other: Remains): boolean =>
    isDependent(one.old, other.old) && isDependent(one.replacement, other.replacement);
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
  const [{ name, old, replacement, nameIsTaken }] = group;
  if (!old) {
    // Somebody removed the old container. The replacement is all that is left of it, unless the name has a new owner.
    if (!replacement || nameOf(replacement) === name) return { kind: 'nothing' };
    if (nameIsTaken) return { kind: 'remove the replacement', replacementId: replacement.Id };
    return { kind: 'give the name to', containerId: replacement.Id };
  }
  const isParked = nameOf(old) === parkedName(name, old.Id);
  if (!replacement) {
    if (!isParked || nameIsTaken) return { kind: 'nothing' };
    return { kind: 'give the name to', containerId: old.Id };
  }
  const isPrepared = nameOf(replacement) !== name;
  if (isStandIn(old) && isParked && nameIsTaken && (isPrepared || isOlder(replacement, old))) {
    const copies = isPrepared ? [replacement, old] : [old];
    return { kind: 'remove the copies', containerIds: copies.map(({ Id }) => Id) };
  }
  const pairs = group.flatMap((remains) => pairOf(remains) ?? []);
  // It lives in a namespace that is no more, and was not touched yet: its replacement was to be proved beside it.
  if (!isParked && old.State.Running) return { kind: 'roll back', pairs };
  // A dependent without its target among the remains: the target's old container, which it depends on, is gone.
  if (!sameDependencies(old, replacement)) return { kind: 'remove the old container', pairs };
  if (!isParked || nameOf(replacement) !== name) return { kind: 'roll back', pairs };
  if (replacement.State.Running) return { kind: 'prove the replacement', pairs };
  return { kind: wasRunning(old, replacement) ? 'roll back' : 'remove the old container', pairs };
}

function isOlder(one: ContainerInspect, other: ContainerInspect): boolean {
  return Date.parse(one.Created) < Date.parse(other.Created);
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
