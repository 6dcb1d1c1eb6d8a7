import type { Findings, UpdateOutcome } from '../update/outcome.js';
import type { Members } from './member.js';

/** How a cutover ended, and whether the engine still holds remains of it that a recovery has to clear away. */
export interface CutoverResult {
  outcome: UpdateOutcome;
  leavesRemains: boolean;
}

/** Which containers have the dependents' names in the end. */
export function dependentsOf([, ...dependents]: Members, side: 'oldId' | 'newId'): Pick<Findings, 'dependents'> {
  if (dependents.length === 0) return {};
  return {
    dependents: dependents.map(({ pair }) => ({
      name: pair.name,
      fromContainerId: pair.oldId,
      containerId: pair[side],
    })),
  };
}
