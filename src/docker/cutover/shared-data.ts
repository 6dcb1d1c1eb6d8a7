import type { ContainerInspect, MountPoint } from '../engine/engine-types.js';

/** Whether two containers may both write to one volume or one folder of the host. */
export function writesToTheSame(
  one: Pick<ContainerInspect, 'Mounts'>,
  other: Pick<ContainerInspect, 'Mounts'>,
): boolean {
  const written = new Set(one.Mounts.flatMap(writable));
  return other.Mounts.flatMap(writable).some((place) => written.has(place));
}

function writable({ Type, Name, Source, RW }: MountPoint): string[] {
  if (RW === false) return [];
  if (Type === 'volume') return [`volume ${Name ?? ''}`];
  return Type === 'bind' ? [`bind ${Source ?? ''}`] : [];
}
