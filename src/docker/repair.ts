import type { ContainerInspect } from './engine-types.js';
import { nameOf, type Pair } from './pair.js';
import { parkedName } from './temporary-names.js';

/** What is left of an interrupted update: the container that had the name, its replacement, and who has the name now. */
export interface Remains {
  name: string;
  old?: ContainerInspect;
  replacement?: ContainerInspect;
  nameIsTaken: boolean;
}

export type Repair =
  | { kind: 'roll back'; pair: Pair }
  | { kind: 'prove the replacement'; pair: Pair; replacement: ContainerInspect }
  | { kind: 'remove the old container'; oldId: string }
  | { kind: 'remove the replacement'; replacementId: string }
  | { kind: 'give the name to'; containerId: string }
  | { kind: 'nothing' };

/** Decides how an interrupted update goes on. The table of all cases, with reasons, stands in docs/operating.md. */
export function decideRepair({ name, old, replacement, nameIsTaken }: Remains): Repair {
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
  const pair = pairOf(name, old, replacement);
  if (!isParked || nameOf(replacement) !== name) return { kind: 'roll back', pair };
  if (replacement.State.Running) return { kind: 'prove the replacement', pair, replacement };
  return pair.wasRunning ? { kind: 'roll back', pair } : { kind: 'remove the old container', oldId: old.Id };
}

/**
 * What the old container was before the update, as its remains tell: it ran if it runs still or was stopped after the
 * replacement was created; its restart policy is the replacement's, for its own may have been neutralised.
 */
function pairOf(name: string, old: ContainerInspect, replacement: ContainerInspect): Pair {
  return {
    name,
    oldId: old.Id,
    newId: replacement.Id,
    wasRunning: old.State.Running || Date.parse(old.State.FinishedAt) > Date.parse(replacement.Created),
    restartPolicy: replacement.HostConfig.RestartPolicy ?? { Name: 'no' },
  };
}
