import type { ContainerInspect, CreateRequest, ImageInspect, Mount, MountPoint } from '../engine/engine-types.js';
import { labels } from '../update/labels.js';
import { normalisePath } from './fields/paths.js';
import { nameOf } from '../engine/container.js';

/** As the engine makes them up for anonymous volumes (moby, pkg/stringid). */
const madeUpName = /^[0-9a-f]{64}$/;

/** A volume without a name of its own, and where a container has it. */
export interface AnonymousVolume {
  path: string;
  name: string;
}

/** The anonymous volumes that a create request carries over from the old container: they hide what an image has there. */
export function carriedVolumes({ HostConfig }: CreateRequest): AnonymousVolume[] {
  return (HostConfig?.Mounts ?? []).flatMap(({ Type, Source, Target }) =>
    Type === 'volume' && Source && Target && madeUpName.test(Source)
      ? [{ path: normalisePath(Target), name: Source }]
      : [],
  );
}

/** What becomes of a create request, and what has to be said of it. */
export interface Renewal {
  create: CreateRequest;
  warnings: string[];
}

/**
 * Gives a replacement fresh volumes in the place of anonymous ones, which the engine fills from the new image. Pure.
 * @param paths those of the label `renew-volumes`
 * @throws Error where a path is no anonymous volume: named volumes and binds hold data, and are never made anew
 */
export function renewVolumes(create: CreateRequest, old: ContainerInspect, paths: readonly string[]): Renewal {
  const carried = carriedVolumes(create);
  const warnings: string[] = [];
  const renewed: AnonymousVolume[] = [];
  for (const path of paths) {
    const volume = carried.find((each) => each.path === path);
    if (volume) renewed.push(volume);
    else if (mountedAt(old, path))
      throw new Error(
        `the label ${labels.renewVolumes} names ${path}, where ${nameOf(old)} has no anonymous volume of its own; take the path out of it`,
      );
    else warnings.push(`the label ${labels.renewVolumes} names ${path}, where ${nameOf(old)} has no volume`);
  }
  const isRenewed = ({ Target = '' }: Mount): boolean => renewed.some(({ path }) => path === normalisePath(Target));
  const Mounts = create.HostConfig?.Mounts?.map((mount) => (isRenewed(mount) ? fresh(mount) : mount));
  const { [labels.replacedVolumes]: _, ...others } = create.Labels ?? {};
  const Labels = renewed.length > 0 ? { ...others, [labels.replacedVolumes]: names(renewed) } : others;
  return { create: { ...create, Labels, HostConfig: { ...create.HostConfig, Mounts } }, warnings };
}

function mountedAt({ Mounts }: ContainerInspect, path: string): MountPoint | undefined {
  return Mounts.find(({ Destination }) => normalisePath(Destination) === path);
}

function fresh({ Source: _, VolumeOptions, ...mount }: Mount): Mount {
  const { NoCopy: __, ...options } = VolumeOptions ?? {};
  return { ...mount, ...(Object.keys(options).length > 0 ? { VolumeOptions: options } : {}) };
}

function names(volumes: readonly AnonymousVolume[]): string {
  return volumes.map(({ name }) => name).join(',');
}

/** The container as if it had nothing mounted where its replacement gets a fresh volume: nothing is lost there. */
export function withoutRenewed(old: ContainerInspect, paths: readonly string[]): ContainerInspect {
  if (paths.length === 0) return old;
  const isOther = (path = ''): boolean => !paths.includes(normalisePath(path));
  return {
    ...old,
    Mounts: old.Mounts.filter(({ Destination }) => isOther(Destination)),
    HostConfig: { ...old.HostConfig, Mounts: old.HostConfig.Mounts?.filter(({ Target }) => isOther(Target)) },
  };
}

/**
 * The volumes that the update before replaced, and kept until now, as the container's label says. Only what an update can
 * have written counts: names that the engine made up, in a label that does not come from the image.
 */
export function replacedVolumes(
  { Config }: Pick<ContainerInspect, 'Config'>,
  image: Pick<ImageInspect, 'Config'> | undefined,
): string[] {
  const text = Config.Labels?.[labels.replacedVolumes];
  if (text === undefined || text === image?.Config?.Labels?.[labels.replacedVolumes]) return [];
  return text.split(',').filter((name) => madeUpName.test(name));
}
