import type { ContainerInspect, Mount } from '../../engine/engine-types.js';
import { normalisePath } from '../fields/paths.js';
import { means } from './same.js';

/** What is mounted in the old container, or was asked to be, and is not in the replacement. */
export function lostMounts(old: ContainerInspect, created: ContainerInspect): string[] {
  const missing = [...missingPoints(old, created), ...missingBinds(old, created), ...missingRequests(old, created)];
  return [...new Set(missing)].map((path) => `the mount at ${path}`);
}

/** Mount points tell what is mounted in the end, whoever asked for it. */
function missingPoints(old: ContainerInspect, created: ContainerInspect): string[] {
  return old.Mounts.filter((point) => {
    const other = created.Mounts.find(({ Destination }) => sameTarget(Destination, point.Destination));
    if (other?.Type !== point.Type || other.RW !== point.RW) return true;
    if (point.Type === 'volume' && point.Name) return other.Name !== point.Name;
    // Elsewhere (an image, a tmpfs) the folder is the engine's business.
    return (point.Type === 'volume' || point.Type === 'bind') && other.Source !== point.Source;
  }).map(({ Destination }) => Destination);
}

/** With their options, which mount points do not show in full. */
function missingBinds(old: ContainerInspect, created: ContainerInspect): string[] {
  const present = new Set(created.HostConfig.Binds ?? []);
  return (old.HostConfig.Binds ?? [])
    .filter((bind) => bind.includes(':') && !present.has(bind))
    .map((bind) => bind.split(':')[1] ?? '');
}

function missingRequests(old: ContainerInspect, created: ContainerInspect): string[] {
  return (old.HostConfig.Mounts ?? [])
    .filter((mount) => {
      const other = created.HostConfig.Mounts?.find(({ Target }) => sameTarget(Target, mount.Target));
      return !other || !means(comparable(mount, mount), comparable(other, mount));
    })
    .map(({ Target }) => Target ?? '');
}

/** An anonymous volume gets its name in the replacement, and is not filled a second time. */
function comparable(mount: Mount, old: Mount): Mount {
  if (old.Type !== 'volume' || old.Source) return mount;
  const { Source, VolumeOptions, ...rest } = mount;
  const { NoCopy, ...options } = VolumeOptions ?? {};
  return { ...rest, VolumeOptions: options };
}

function sameTarget(a = '', b = ''): boolean {
  return normalisePath(a) === normalisePath(b);
}
