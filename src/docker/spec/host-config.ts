import type { ContainerInspect, HostConfig } from '../engine-types.js';
import { carriedMounts } from './mounts.js';
import { sharesNetwork } from './networks.js';

/** The lists that engines write into every container by default (moby oci/defaults.go), of all generations. */
const defaultMaskedPaths = new Set([
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]);
const defaultReadonlyPaths = new Set([
  '/proc/asound',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]);
const fewestDefaults = 5;

/**
 * The host configuration, carried over as it is: unlike the image's part of the configuration nothing is merged into it,
 * and a list of what to copy would lose whatever a newer engine adds. What is taken out or changed stands here.
 */
export function carriedHostConfig(old: ContainerInspect): HostConfig {
  const { ContainerIDFile, MaskedPaths, ReadonlyPaths, ...rest } = old.HostConfig;
  const mounts = carriedMounts(old);
  const carried: HostConfig = {
    ...rest,
    ...(mounts.length > 0 ? { Mounts: mounts } : {}),
    // Kept only where the user set them, so that the hardening of a newer engine takes effect.
    ...(isDefault(MaskedPaths, defaultMaskedPaths) ? {} : { MaskedPaths }),
    ...(isDefault(ReadonlyPaths, defaultReadonlyPaths) ? {} : { ReadonlyPaths }),
  };
  return old.HostConfig.NetworkMode?.startsWith('container:') ? withoutNetworkFields(carried) : carried;
}

/** The engine refuses these where another container owns the network. */
function withoutNetworkFields(hostConfig: HostConfig): HostConfig {
  const { PortBindings, PublishAllPorts, Dns, DnsOptions, DnsSearch, ExtraHosts, Links, ...rest } = hostConfig;
  return rest;
}

export function publishedPorts(old: ContainerInspect): object {
  return sharesNetwork(old.HostConfig.NetworkMode ?? '') ? {} : (old.HostConfig.PortBindings ?? {});
}

function isDefault(paths: string[] | null | undefined, defaults: ReadonlySet<string>): boolean {
  if (!paths) return true;
  return (
    paths.length >= fewestDefaults &&
    paths.every((path) => defaults.has(path) || path.startsWith('/sys/devices/system/cpu/'))
  );
}
