import type { ContainerSummary } from '../engine/engine-types.js';
import { parseTemporaryName } from '../update/temporary-names.js';

/**
 * The names that an engine's containers have, or have but for a moment: in the middle of an update nobody has the name, and it is still
 * that of a container which is there.
 */
export function namesOf<Container extends Pick<ContainerSummary, 'Names'>>(
  containers: readonly Container[],
): Map<string, Container> {
  const found = new Map<string, Container>();
  const parked = new Map<string, Container>();
  for (const container of containers) {
    // The first one without a second slash: the others are links.
    const name = container.Names.find((each) => /^\/[^/]+$/.test(each))?.slice(1);
    if (name === undefined) continue;
    const temporary = parseTemporaryName(name);
    if (!temporary) found.set(name, container);
    else if (temporary.role === 'old') parked.set(temporary.name, container);
  }
  return new Map([...parked, ...found]);
}
