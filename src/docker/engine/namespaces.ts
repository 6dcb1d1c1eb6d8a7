import type { ContainerInspect } from './engine-types.js';

const prefix = 'container:';

/** The mode that puts a container into a namespace of the one with this id. */
export function namespaceOf(id: string): string {
  return prefix + id;
}

/** The id in such a mode; undefined if the namespace is not a container's. */
export function containerOf(mode: string | undefined): string | undefined {
  return mode?.startsWith(prefix) ? mode.slice(prefix.length) : undefined;
}

/** The fields of the host configuration by which a container lives in a namespace of another one. */
export const namespaceModes = ['NetworkMode', 'IpcMode', 'PidMode'] as const;
export type NamespaceMode = (typeof namespaceModes)[number];

/** The container whose namespace a mode names, by its id; undefined if the namespace is not a container's. */
export function ownerOf({ HostConfig }: Pick<ContainerInspect, 'HostConfig'>, mode: NamespaceMode): string | undefined {
  return containerOf(HostConfig[mode]);
}

/** The container, living in the namespaces of these others instead. */
export function withOwners(
  container: ContainerInspect,
  owners: Partial<Record<NamespaceMode, ContainerInspect>>,
): ContainerInspect {
  const modes = Object.entries(owners).map(([mode, { Id }]) => [mode, namespaceOf(Id)]);
  return { ...container, HostConfig: { ...container.HostConfig, ...(Object.fromEntries(modes) as object) } };
}

/** Whether the container lives in another container's network namespace, where it may set nothing of its own. */
export function usesOthersNetwork(networkMode = ''): boolean {
  return containerOf(networkMode) !== undefined;
}

/** Whether the container is on no network that it could be attached to: the host's, another container's, or none. */
export function hasNoEndpoints(networkMode = ''): boolean {
  return networkMode === 'host' || networkMode === 'none' || usesOthersNetwork(networkMode);
}

/** The network that a mode names. Engines up to 25 report `default` for the default bridge, later ones `bridge`. */
export function networkOf(networkMode = 'default'): string {
  return networkMode === 'default' || networkMode === '' ? 'bridge' : networkMode;
}
