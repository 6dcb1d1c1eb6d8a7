import type { ContainerInspect, Mount } from '../engine-types.js';

/**
 * Mounts that keep the data: what the user wrote stays as it is, and anonymous volumes, which only the top-level list
 * shows, are carried over by name. They must not be filled from the new image: the old container still uses them.
 */
export function carriedMounts(
  old: Pick<ContainerInspect, 'Mounts' | 'HostConfig'>,
  donorTargets: ReadonlySet<string> = new Set(),
): Mount[] {
  const { Binds, Mounts, Tmpfs } = old.HostConfig;
  const named = (Mounts ?? []).map((mount) => fillSource(mount, old.Mounts));
  const covered = new Set([
    ...(Binds ?? []).map(bindTarget),
    ...(Mounts ?? []).map(({ Target }) => normalise(Target ?? '')),
    ...Object.keys(Tmpfs ?? {}).map(normalise),
    ...donorTargets,
  ]);
  const anonymous = old.Mounts.filter(
    ({ Type, Name, Destination }) => Type === 'volume' && Name && !covered.has(normalise(Destination)),
  ).map(({ Name, Destination, RW }): Mount => ({
    Type: 'volume',
    Source: Name,
    Target: Destination,
    ReadOnly: RW === false,
    VolumeOptions: { NoCopy: true },
  }));
  return [...named, ...anonymous];
}

/** `--mount type=volume` without a source makes an anonymous volume as well. */
function fillSource(mount: Mount, mounted: ContainerInspect['Mounts']): Mount {
  if (mount.Type !== 'volume' || mount.Source) return mount;
  const found = mounted.find(
    ({ Type, Destination }) => Type === 'volume' && normalise(Destination) === normalise(mount.Target ?? ''),
  );
  return found?.Name
    ? { ...mount, Source: found.Name, VolumeOptions: { ...mount.VolumeOptions, NoCopy: true } }
    : mount;
}

/** The container's side of `source:/target:options` or of a bare `/target`. */
export function bindTarget(bind: string): string {
  const parts = bind.split(':');
  return normalise(parts[1] ?? parts[0] ?? '');
}

export function normalise(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
