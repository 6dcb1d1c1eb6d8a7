import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { userEnvironment } from './spec/environment.js';
import { normalise } from './spec/mounts.js';

/**
 * Compares a replacement that was created, and not yet started, with the container that it stands in for.
 * `lost` is what the user set and the engine did not take: the update must end. Fields that differ for reasons that
 * the rules do not know are `warnings`, for a new engine adds fields.
 */
export function compareReplacement(
  old: ContainerInspect,
  oldImage: ImageInspect,
  created: ContainerInspect,
): { lost: string[]; warnings: string[] } {
  return {
    lost: [
      ...lostEnvironment(old, oldImage, created),
      ...lostMounts(old, created),
      ...lostNetworks(old, created),
      ...lostPorts(old, created),
    ],
    warnings: changedHostConfig(old, created),
  };
}

function lostEnvironment(old: ContainerInspect, oldImage: ImageInspect, created: ContainerInspect): string[] {
  const present = new Set(created.Config.Env ?? []);
  return userEnvironment(old.Config.Env ?? [], oldImage.Config?.Env ?? [])
    .filter((entry) => entry.includes('=') && !present.has(entry))
    .map((entry) => `the environment variable ${entry.slice(0, entry.indexOf('='))}`);
}

function lostMounts(old: ContainerInspect, created: ContainerInspect): string[] {
  const key = ({ Type, Name, Source, Destination }: ContainerInspect['Mounts'][number]): string =>
    `${Type} ${Name ?? Source ?? ''} at ${normalise(Destination)}`;
  const present = new Set(created.Mounts.map(key));
  return old.Mounts.filter(({ Type }) => Type === 'volume' || Type === 'bind')
    .map(key)
    .filter((mount) => !present.has(mount))
    .map((mount) => `the mount of ${mount}`);
}

function lostNetworks(old: ContainerInspect, created: ContainerInspect): string[] {
  if (old.HostConfig.NetworkMode?.startsWith('container:')) return [];
  const present = created.NetworkSettings.Networks ?? {};
  return Object.entries(old.NetworkSettings.Networks ?? {}).flatMap(([network, endpoint]) => {
    const other = present[network];
    if (!other) return [`the network ${network}`];
    const aliases = (endpoint.Aliases ?? []).filter(
      (alias) => alias !== old.Id.slice(0, 12) && !(other.Aliases ?? []).includes(alias),
    );
    return aliases.map((alias) => `the alias ${alias} on ${network}`);
  });
}

function lostPorts(old: ContainerInspect, created: ContainerInspect): string[] {
  const present = created.HostConfig.PortBindings ?? {};
  return Object.keys(old.HostConfig.PortBindings ?? {})
    .filter((port) => !(port in present))
    .map((port) => `the published port ${port}`);
}

/** Handled by rules of their own, or different between any two containers. */
const expected = new Set(['Mounts', 'ContainerIDFile', 'MaskedPaths', 'ReadonlyPaths', 'RestartPolicy']);

function changedHostConfig(old: ContainerInspect, created: ContainerInspect): string[] {
  const isEmpty = (value: unknown): boolean =>
    value === undefined ||
    value === null ||
    value === '' ||
    value === 0 ||
    value === false ||
    (typeof value === 'object' && Object.keys(value).length === 0);
  return Object.entries(old.HostConfig)
    .filter(
      ([field, value]) =>
        !expected.has(field) && !isEmpty(value) && JSON.stringify(value) !== JSON.stringify(created.HostConfig[field]),
    )
    .map(([field]) => `HostConfig.${field} differs between the old container and the new one`);
}
