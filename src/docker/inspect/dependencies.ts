import type { ContainerInspect } from '../engine/engine-types.js';
import { namespaceModes, namespaceOf, ownerOf } from '../engine/namespaces.js';
import { type Pair } from '../update/pair.js';
import { replacementName } from '../update/temporary-names.js';
import { nameOf } from '../engine/container.js';

/**
 * What a container cannot do without: the ids of the containers whose namespaces it shares, and the names of those that
 * it has a legacy link to. The engine shows the former as ids, whatever the user wrote, and follows the latter when they
 * are renamed.
 */
export function dependenciesOf(container: ContainerInspect): string[] {
  return [...namespaceModes.flatMap((mode) => ownerOf(container, mode) ?? []), ...linkedNames(container)];
}

/** Names of the containers that a container has legacy links to. */
export function linkedNames({ HostConfig }: Pick<ContainerInspect, 'HostConfig'>): string[] {
  return (HostConfig.Links ?? []).map(linkedName);
}

/** Whether a container shares a namespace of another one, or has a legacy link to it. */
export function dependsOn(container: ContainerInspect, other: ContainerInspect): boolean {
  return dependenciesOf(container).some((dependency) => dependency === other.Id || dependency === nameOf(other));
}

/** Those that depend on a container, directly or through one another, in the order in which they can start. */
export function dependentsAmong(all: readonly ContainerInspect[], target: ContainerInspect): ContainerInspect[] {
  const group = [target];
  for (const one of inOrder(all, dependsOn)) if (group.some((member) => dependsOn(one, member))) group.push(one);
  return group.slice(1);
}

/** A container with its dependencies on some that are being replaced turned to their replacements, as these are named now. */
export function withDependencies(
  container: ContainerInspect,
  pairs: readonly Pick<Pair, 'name' | 'oldId' | 'newId'>[],
): ContainerInspect {
  const { NetworkMode, IpcMode, PidMode, Links, VolumesFrom } = container.HostConfig;
  const mode = (value: string | undefined): string | undefined => {
    const pair = pairs.find(({ oldId }) => value === namespaceOf(oldId));
    return pair ? namespaceOf(pair.newId) : value;
  };
  const link = (value: string): string => {
    const pair = pairs.find(({ name }) => linkedName(value) === name);
    return pair ? `/${replacementName(pair.name, pair.oldId)}${value.slice(value.indexOf(':'))}` : value;
  };
  const donor = (value: string): string => {
    const [id = '', ...options] = value.split(':');
    const pair = pairs.find(({ oldId }) => /^[0-9a-f]{12,64}$/.test(id) && oldId.startsWith(id));
    return pair ? [pair.newId, ...options].join(':') : value;
  };
  return {
    ...container,
    HostConfig: {
      ...container.HostConfig,
      NetworkMode: mode(NetworkMode),
      IpcMode: mode(IpcMode),
      PidMode: mode(PidMode),
      Links: Links?.map(link),
      VolumesFrom: VolumesFrom?.map(donor),
    },
  };
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
