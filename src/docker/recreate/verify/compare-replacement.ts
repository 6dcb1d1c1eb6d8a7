import type { ContainerInspect, ImageInspect } from '../../engine/engine-types.js';
import { lostConfig, unknownConfig } from './config.js';
import { lostHostConfig } from './host-config.js';
import { lostMounts } from './mounts.js';
import { lostNetworks } from './networks.js';

export interface Comparison {
  /** What the user set and the replacement has not: names of things, never values. The update must end. */
  lost: string[];
  /** Fields that differ and that the rules do not know, for a newer engine adds fields. */
  warnings: string[];
}

/**
 * Compares a replacement that was created, and not yet started, with the container that it stands in for. It looks at
 * what came out, not at how the request was made, so that it also finds the mistakes of `containerSpec`.
 * @param swarmScopedNetworks names of overlay networks: see `containerSpec`
 */
export function compareReplacement(
  old: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
  created: ContainerInspect,
  { swarmScopedNetworks = new Set() }: { swarmScopedNetworks?: ReadonlySet<string> } = {},
): Comparison {
  const hostConfig = lostHostConfig(old, created);
  return {
    lost: [
      ...lostConfig(old, oldImage, created),
      ...hostConfig.lost.map((field) => `HostConfig.${field}`),
      ...lostMounts(old, created),
      ...lostNetworks(old, created, swarmScopedNetworks),
    ],
    warnings: [
      ...unknownConfig(old.Config, created.Config).map((field) => `Config.${field}`),
      ...hostConfig.unknown.map((field) => `HostConfig.${field}`),
    ].map((field) => `${field} differs between the old container and the new one`),
  };
}
