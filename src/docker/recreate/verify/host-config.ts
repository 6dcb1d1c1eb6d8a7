import type { ContainerInspect, HostConfig, RestartPolicy } from '../../engine/engine-types.js';
import { userMaskedPaths, userReadonlyPaths } from '../fields/kernel-paths.js';
import { isSet, means } from './same.js';
import { usesOthersNetwork } from '../../engine/namespaces.js';

/** Refused by the engine where the network is another container's. */
const ofNetwork = ['PortBindings', 'PublishAllPorts', 'Dns', 'DnsOptions', 'DnsSearch', 'ExtraHosts', 'Links'];
/** Mounts are compared by what is mounted in the end: mounts.ts. */
const comparedElsewhere = ['Binds', 'Mounts', 'VolumesFrom', 'ContainerIDFile'];
/**
 * Not among them: limits that a newer engine or kernel may no longer know (KernelMemory, MemorySwappiness,
 * OomKillDisable, CpuRealtime…, Blkio…). The engine says so when it leaves one out, and no other copy could have it.
 */
const known = new Set([
  ...ofNetwork,
  ...['Annotations', 'AutoRemove', 'CapAdd', 'CapDrop', 'Capabilities', 'Cgroup', 'CgroupParent', 'CgroupnsMode'],
  ...['ConsoleSize', 'CpuCount', 'CpuPercent', 'CpuPeriod', 'CpuQuota', 'CpuShares', 'CpusetCpus', 'CpusetMems'],
  ...['DeviceCgroupRules', 'DeviceRequests', 'Devices', 'GroupAdd', 'IOMaximumBandwidth', 'IOMaximumIOps', 'Init'],
  ...['IpcMode', 'Isolation', 'LogConfig', 'MaskedPaths', 'Memory', 'MemoryReservation', 'MemorySwap', 'NanoCpus'],
  ...['NetworkMode', 'OomScoreAdj', 'PidMode', 'PidsLimit', 'Privileged', 'ReadonlyPaths', 'ReadonlyRootfs'],
  ...['RestartPolicy', 'Runtime', 'SecurityOpt', 'ShmSize', 'StorageOpt', 'Sysctls', 'Tmpfs', 'UTSMode', 'Ulimits'],
  ...['UsernsMode', 'VolumeDriver'],
]);

/** Fields of the host configuration that the user set and the replacement has not, known or not. */
export function lostHostConfig(
  old: ContainerInspect,
  created: ContainerInspect,
): { lost: string[]; unknown: string[] } {
  const isShared = usesOthersNetwork(old.HostConfig.NetworkMode);
  const ignored = new Set([...comparedElsewhere, ...(isShared ? ofNetwork : [])]);
  const [before, after] = [comparable(old), comparable(created)];
  const different = Object.keys(before).filter(
    (field) => !ignored.has(field) && isSet(before[field]) && !means(before[field], after[field]),
  );
  return {
    lost: different.filter((field) => known.has(field)),
    unknown: different.filter((field) => !known.has(field)),
  };
}

/** Puts into one form what engines write in several. */
function comparable({ HostConfig, NetworkSettings }: ContainerInspect): HostConfig {
  const { Links, NetworkMode, RestartPolicy, Sysctls, MaskedPaths, ReadonlyPaths } = HostConfig;
  const movedToEndpoint = Object.values(NetworkSettings.Networks ?? {})
    .flatMap(({ DriverOpts }) => (DriverOpts?.['com.docker.network.endpoint.sysctls'] ?? '').split(','))
    .map((setting) => setting.replace('.IFNAME.', '.eth0.').split('='))
    .filter(([name]) => name?.includes('.eth0.'));
  return {
    ...HostConfig,
    Links: Links?.map(childAndAlias).sort(),
    NetworkMode: NetworkMode === 'default' ? 'bridge' : NetworkMode,
    RestartPolicy: revives(RestartPolicy) ? RestartPolicy : undefined,
    Sysctls: { ...Sysctls, ...(Object.fromEntries(movedToEndpoint) as Record<string, string>) },
    MaskedPaths: distinct(userMaskedPaths(MaskedPaths)),
    ReadonlyPaths: distinct(userReadonlyPaths(ReadonlyPaths)),
  };
}

/** `/child:/parent/alias`, of which the parent's name is another one while an update is going on. */
function childAndAlias(link: string): string {
  return link.replace(/:.*\//, ':');
}

function revives(policy: RestartPolicy | undefined): boolean {
  return policy?.Name !== undefined && policy.Name !== '' && policy.Name !== 'no';
}

/** An empty list is the user's wish here, not the absence of one. */
function distinct(paths: string[] | undefined): string[] | undefined {
  return paths && [...paths, 'end'];
}
