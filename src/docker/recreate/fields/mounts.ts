import type { ContainerInspect, ImageInspect, Mount, MountPoint } from '../../engine/engine-types.js';
import { normalisePath } from './paths.js';
import { nameOf } from '../../engine/container.js';

/** The parts of a create request that say what is mounted where. */
export interface MountRequest {
  Binds?: string[] | null;
  Mounts?: Mount[] | null;
  VolumesFrom?: string[] | null;
  /** Of the container's configuration: paths declared as volumes, and covered by nothing else. */
  Volumes: Record<string, object>;
}

/**
 * Mounts that keep the data: what the user wrote stays as it is, and anonymous volumes, which only inspect's list of
 * mount points shows, are carried over by name. `NoCopy` keeps the engine from filling them from the new image while the
 * old container still uses them.
 * @param donors the containers of `VolumesFrom` that still exist; without it, all do. What came from one that is gone is
 * mounted directly, as the engine would refuse the create request.
 */
export function mountRequest(
  old: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
  donors?: readonly ContainerInspect[],
): MountRequest {
  const { Binds, Mounts, VolumesFrom, Tmpfs } = old.HostConfig;
  const binds = Binds?.filter((bind) => bind.includes(':'));
  const named = (Mounts ?? []).map((mount) => withSource(mount, old.Mounts));
  const presentDonors = VolumesFrom?.filter((entry) => !donors || findDonor(entry, donors));
  const covered = new Set([
    ...(binds ?? []).map(bindTarget),
    ...named.map(({ Target }) => normalisePath(Target ?? '')),
    ...Object.keys(Tmpfs ?? {}).map(normalisePath),
    ...fromDonors(old, donors),
  ]);
  const isDonorGone = presentDonors?.length !== VolumesFrom?.length;
  const uncovered = old.Mounts.filter(({ Destination }) => !covered.has(normalisePath(Destination)));
  const carried = uncovered.flatMap((point) => carryOver(point, isDonorGone));
  for (const { Target } of carried) covered.add(normalisePath(Target ?? ''));
  return {
    Binds: binds,
    Mounts: named.length + carried.length > 0 ? [...named, ...carried] : Mounts,
    VolumesFrom: presentDonors,
    Volumes: userVolumes(old, oldImage, covered),
  };
}

/** `--mount type=volume` without a source makes an anonymous volume as well. */
function withSource(mount: Mount, points: readonly MountPoint[]): Mount {
  if (mount.Type !== 'volume' || mount.Source) return mount;
  const target = normalisePath(mount.Target ?? '');
  const point = points.find(({ Destination }) => normalisePath(Destination) === target);
  const volume = point && volumeOf(point);
  if (!volume) return mount;
  return { ...mount, Source: volume, VolumeOptions: { ...mount.VolumeOptions, NoCopy: true } };
}

/** Of an anonymous volume that a client asked for among the binds, Docker Engine 28 shows the folder alone. */
function volumeOf({ Type, Name, Driver, Source }: MountPoint): string | undefined {
  if (Type !== 'volume') return undefined;
  return Name ?? (Driver === 'local' ? /\/volumes\/([^/]+)\/_data$/.exec(Source ?? '')?.[1] : undefined);
}

function carryOver(point: MountPoint, isDonorGone: boolean): Mount[] {
  const { Type, Source, Destination, RW, Propagation } = point;
  const common: Mount = { Type, Target: Destination, ...(RW === false ? { ReadOnly: true } : {}) };
  const volume = volumeOf(point);
  if (volume) return [{ ...common, Source: volume, VolumeOptions: { NoCopy: true } }];
  if (Type !== 'bind' || !isDonorGone) return [];
  return [{ ...common, Source, ...(Propagation ? { BindOptions: { Propagation } } : {}) }];
}

/** The destinations of what came from other containers and will come from them again. */
function fromDonors({ Mounts, Config, HostConfig }: ContainerInspect, donors?: readonly ContainerInspect[]): string[] {
  const entries = HostConfig.VolumesFrom ?? [];
  if (entries.length === 0) return [];
  const destinations = Mounts.map(({ Destination }) => Destination);
  if (!donors) return destinations.filter((path) => !(path in (Config.Volumes ?? {}))).map(normalisePath);
  const offered = entries.flatMap((entry) => findDonor(entry, donors)?.Mounts ?? []);
  const isOffered = (point: MountPoint): boolean =>
    offered.some((other) => other.Destination === point.Destination && identity(other) === identity(point));
  return Mounts.filter(isOffered).map(({ Destination }) => normalisePath(Destination));
}

function identity({ Type, Name, Source }: MountPoint): string {
  return `${Type} ${Name ?? Source ?? ''}`;
}

/** An entry of `VolumesFrom` is a name, an id or a prefix of one, with options after a colon. */
function findDonor(entry: string, donors: readonly ContainerInspect[]): ContainerInspect | undefined {
  const [donor = ''] = entry.split(':', 1);
  return (
    donors.find((container) => nameOf(container) === donor) ?? donors.find(({ Id }) => donor && Id.startsWith(donor))
  );
}

function userVolumes(
  { Config }: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
  covered: ReadonlySet<string>,
): Record<string, object> {
  const inherited = oldImage.Config?.Volumes ?? {};
  const entries = Object.entries(Config.Volumes ?? {});
  return Object.fromEntries(entries.filter(([path]) => !(path in inherited) && !covered.has(normalisePath(path))));
}

/** The container's side of `source:/target:options`. */
function bindTarget(bind: string): string {
  return normalisePath(bind.split(':')[1] ?? '');
}
