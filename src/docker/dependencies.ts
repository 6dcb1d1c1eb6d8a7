import type { ContainerInspect } from './engine-types.js';
import { nameOf } from './pair.js';

const donorPrefix = 'container:';

/**
 * What a container cannot do without: the ids of the containers whose namespaces it shares, and the names of those that
 * it has a legacy link to. The engine shows the former as ids, whatever the user wrote, and follows the latter when they
 * are renamed.
 */
export function dependenciesOf({ HostConfig }: ContainerInspect): string[] {
  const { NetworkMode, IpcMode, PidMode, Links } = HostConfig;
  return [
    ...[NetworkMode, IpcMode, PidMode].flatMap((mode) =>
      mode?.startsWith(donorPrefix) ? [mode.slice(donorPrefix.length)] : [],
    ),
    ...(Links ?? []).map(linkedName),
  ];
}

/** Whether a container shares a namespace of another one, or has a legacy link to it. */
export function dependsOn(container: ContainerInspect, other: ContainerInspect): boolean {
  return dependenciesOf(container).some((dependency) => dependency === other.Id || dependency === nameOf(other));
}

/** Each after all that it depends on, otherwise in the given order. What goes round in a circle comes in the given order. */
export function inOrder<T>(items: readonly T[], needs: (item: T, other: T) => boolean): T[] {
  const ordered: T[] = [];
  const visited = new Set<T>();
  const visit = (item: T): void => {
    if (visited.has(item)) return;
    visited.add(item);
    for (const other of items) if (other !== item && needs(item, other)) visit(other);
    ordered.push(item);
  };
  items.forEach(visit);
  return ordered;
}

/** The first part of `/child:/parent/alias`, without its slash. */
function linkedName(link: string): string {
  return link.replace(/^\//, '').split(':', 1)[0] ?? '';
}
