import type { ContainerInspect, HostConfig } from '../../engine/engine-types.js';
import { userMaskedPaths, userReadonlyPaths } from './kernel-paths.js';
import type { MountRequest } from './mounts.js';
import { usesOthersNetwork } from '../../engine/namespaces.js';

/**
 * The host configuration, carried over as it is: unlike the image's part of the configuration nothing is merged into it,
 * and a list of what to copy would lose whatever a newer engine adds. What is taken out or changed stands here.
 */
export function carriedHostConfig(
  { HostConfig: old }: ContainerInspect,
  { Binds, Mounts, VolumesFrom }: Omit<MountRequest, 'Volumes'>,
  sysctls: HostConfig['Sysctls'],
): HostConfig {
  const { ContainerIDFile, MaskedPaths, ReadonlyPaths, ...rest } = old;
  const carried: HostConfig = {
    ...rest,
    ...defined('Binds', Binds),
    ...defined('Mounts', Mounts),
    ...defined('VolumesFrom', VolumesFrom),
    ...defined('Sysctls', sysctls),
    ...defined('MaskedPaths', userMaskedPaths(MaskedPaths)),
    ...defined('ReadonlyPaths', userReadonlyPaths(ReadonlyPaths)),
  };
  return usesOthersNetwork(old.NetworkMode) ? withoutNetworkFields(carried) : carried;
}

/** The engine refuses these where another container owns the network. */
function withoutNetworkFields(hostConfig: HostConfig): HostConfig {
  const { PortBindings, PublishAllPorts, Dns, DnsOptions, DnsSearch, ExtraHosts, Links, ...rest } = hostConfig;
  return rest;
}

function defined(field: keyof HostConfig, value: unknown): Partial<HostConfig> {
  return value === undefined ? {} : { [field]: value };
}
