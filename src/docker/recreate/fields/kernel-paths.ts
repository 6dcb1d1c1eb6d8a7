/** What engines write into every container unless asked otherwise (moby oci/defaults.go), of all generations. */
const masked = {
  always: [
    '/proc/acpi',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/proc/sched_debug',
    '/proc/scsi',
    '/sys/firmware',
  ],
  sometimes:
    /^(\/proc\/asound|\/proc\/interrupts|\/sys\/devices\/virtual\/powercap|\/sys\/devices\/system\/cpu\/cpu\d+\/thermal_throttle)$/,
};
const readonly = {
  always: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  sometimes: /^\/proc\/asound$/,
};

type Paths = string[] | null | undefined;

/**
 * The masked paths that the user asked for; undefined where they are an engine's defaults, so that a newer engine's
 * hardening takes effect. An empty list (`--security-opt systempaths=unconfined`) is the user's.
 */
export function userMaskedPaths(paths: Paths): string[] | undefined {
  return unlessDefault(paths, masked);
}

/** The read-only paths that the user asked for: as `userMaskedPaths`. */
export function userReadonlyPaths(paths: Paths): string[] | undefined {
  return unlessDefault(paths, readonly);
}

function unlessDefault(paths: Paths, { always, sometimes }: typeof masked): string[] | undefined {
  if (!paths) return undefined;
  const isDefault =
    always.every((path) => paths.includes(path)) &&
    paths.every((path) => always.includes(path) || sometimes.test(path));
  return isDefault ? undefined : paths;
}
