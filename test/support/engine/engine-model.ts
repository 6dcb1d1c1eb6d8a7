import type {
  ContainerConfig,
  ContainerInspect,
  CreateRequest,
  EndpointSettings,
  ImageInspect,
  MountPoint,
} from '../../../src/docker/engine/engine-types.js';
import { donor, vanishingDonor } from './container-requests.js';
import { containerInspect } from '../fixtures/containers.js';

/**
 * What an engine makes of a create request, as far as a copy depends on it: a model of moby's daemon/commit.go (`merge`),
 * daemon/create.go and container/mounts, for properties that need thousands of containers. The end-to-end tests hold
 * the same rules against real engines.
 */
export function createdBy(
  request: CreateRequest,
  image: ImageInspect,
  { id, apiVersion, connections = [], donors = allDonors, isStarted = false }: Circumstances,
): ContainerInspect {
  const { HostConfig = {}, NetworkingConfig, ...config } = request;
  const merged = mergeImage(config, image.Config ?? {});
  const mode = HostConfig.NetworkMode ?? 'bridge';
  const isOthers = mode.startsWith('container:');
  const attached = { ...NetworkingConfig?.EndpointsConfig };
  for (const { network, endpoint } of connections) attached[network] = endpoint;
  if (Object.keys(attached).length === 0 && !isOthers) attached[mode] = {};
  const minor = Number(apiVersion.split('.')[1]);
  const askedMac = (network: string): string | undefined =>
    (network === mode ? merged.MacAddress : undefined) ?? (minor >= 44 ? attached[network]?.MacAddress : undefined);
  const Networks = Object.fromEntries(
    Object.entries(attached).map(([network, endpoint], index) => {
      const MacAddress = askedMac(network);
      const { MacAddress: _, ...rest } = endpoint;
      const settings = { ...rest, ...(MacAddress === undefined ? {} : { MacAddress }) };
      if (withoutInterface.has(network)) return [network, settings];
      if (minor < 45) settings.Aliases = [...(settings.Aliases ?? []), id.slice(0, 12)];
      return [network, isStarted ? { ...givenOut(index, minor), ...settings } : settings];
    }),
  );
  const { MacAddress = askedMac(mode), ...configured } = merged;
  // In others' namespaces, inspect shows what is theirs.
  const hostname = isOthers ? 'other' : mode === 'host' ? engineHostname : id.slice(0, 12);
  return containerInspect({
    Id: id,
    Image: image.Id,
    State: isStarted ? {} : { Status: 'created', Running: false },
    Config: { Hostname: hostname, ...configured, ...(MacAddress === undefined ? {} : { MacAddress }) },
    HostConfig: { MaskedPaths: defaultMaskedPaths, ReadonlyPaths: defaultReadonlyPaths, ...HostConfig },
    Mounts: mountPoints(HostConfig, merged, id, donors),
    NetworkSettings: { Networks },
  });
}

interface Circumstances {
  id: string;
  apiVersion: string;
  connections?: Connection[];
  /** The containers of `VolumesFrom` that are there. */
  donors?: readonly ContainerInspect[];
  /** Whether it runs, so that the engine has given out what nobody asked for. */
  isStarted?: boolean;
}

export const engineHostname = 'machine';
const withoutInterface = new Set(['bridge', 'host', 'none']);

/** The containers whose volumes others mount. */
export const allDonors: readonly ContainerInspect[] = [
  containerInspect({
    Id: 'd'.repeat(64),
    Name: `/${donor}`,
    Mounts: [
      { Type: 'volume', Name: 'donated', Destination: '/donated', RW: true },
      { Type: 'volume', Name: 'donated-too', Destination: '/f', RW: true },
    ],
  }),
  containerInspect({
    Id: 'e'.repeat(64),
    Name: `/${vanishingDonor}`,
    Mounts: [
      { Type: 'volume', Name: 'orphan', Destination: '/orphan', RW: true },
      { Type: 'bind', Source: '/srv', Destination: '/srv', RW: false, Propagation: 'rprivate' },
    ],
  }),
];

/** Engines up to 27 make a MAC address of the IPv4 address, later ones a random one. */
function givenOut(index: number, minor: number): EndpointSettings {
  return {
    IPAddress: `10.0.0.${100 + index}`,
    MacAddress: minor < 48 ? `02:42:0a:00:00:${(100 + index).toString(16)}` : `be:11:22:33:44:0${index}`,
  };
}

interface Connection {
  network: string;
  endpoint: EndpointSettings;
}

export const defaultMaskedPaths = [
  ...['/proc/asound', '/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list'],
  ...['/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware'],
];
export const defaultReadonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** moby daemon/commit.go, `merge`, and the reset of an entrypoint of one empty text in daemon/container.go. */
export function mergeImage(user: Partial<ContainerConfig>, image: Partial<ContainerConfig>): ContainerConfig {
  const names = new Set((user.Env ?? []).map(variable));
  const merged: ContainerConfig = {
    ...user,
    Image: user.Image ?? '',
    User: either(user.User, image.User),
    WorkingDir: either(user.WorkingDir, image.WorkingDir),
    StopSignal: either(user.StopSignal, image.StopSignal),
    Env: [...(user.Env ?? []), ...(image.Env ?? []).filter((entry) => !names.has(variable(entry)))],
    Labels: { ...image.Labels, ...user.Labels },
    ExposedPorts: { ...image.ExposedPorts, ...user.ExposedPorts },
    Volumes: { ...image.Volumes, ...user.Volumes },
  };
  if (!user.Entrypoint?.length) {
    if (!user.Cmd?.length) merged.Cmd = image.Cmd;
    merged.Entrypoint = user.Entrypoint ?? image.Entrypoint;
  }
  if (merged.Entrypoint?.length === 1 && merged.Entrypoint[0] === '') merged.Entrypoint = null;
  if (image.Healthcheck) {
    const own = Object.entries(user.Healthcheck ?? {}).filter(([, value]) =>
      Array.isArray(value) ? value.length > 0 : value,
    );
    merged.Healthcheck = { ...image.Healthcheck, ...Object.fromEntries(own) };
  }
  return merged;
}

/** An empty text is none to the engine. */
function either(first: string | undefined, second: string | undefined): string | undefined {
  return first === undefined || first === '' ? second : first;
}

function variable(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}

function mountPoints(
  { Binds, Mounts, Tmpfs, VolumesFrom }: NonNullable<CreateRequest['HostConfig']>,
  config: ContainerConfig,
  id: string,
  donors: readonly ContainerInspect[],
): MountPoint[] {
  const points = new Map<string, MountPoint>();
  const volume = (Destination: string, Name: string | undefined, RW = true): MountPoint => ({
    Type: 'volume',
    Name,
    Destination,
    RW,
  });
  const made = (path: string): string => `made-${id.slice(0, 6)}-${path}`;
  for (const entry of VolumesFrom ?? []) {
    const [name = '', mode] = entry.split(':');
    const from = donors.find(({ Name }) => Name === `/${name}`);
    if (!from) throw new Error(`the engine refuses a request that names ${name}, which is gone`);
    for (const point of from.Mounts) points.set(point.Destination, { ...point, RW: point.RW && mode !== 'ro' });
  }
  for (const bind of Binds ?? []) {
    const [source = '', target = '', mode = ''] = bind.split(':');
    const RW = !mode.split(',').includes('ro');
    points.set(
      target,
      source.startsWith('/') ? { Type: 'bind', Source: source, Destination: target, RW } : volume(target, source, RW),
    );
  }
  for (const { Type, Source, Target = '', ReadOnly } of Mounts ?? []) {
    if (Type === 'volume') points.set(Target, volume(Target, either(Source, made(Target)), !ReadOnly));
    else points.set(Target, { Type, Source, Destination: Target, RW: !ReadOnly });
  }
  for (const path of Object.keys(config.Volumes ?? {})) {
    if (!points.has(path) && !(path in (Tmpfs ?? {}))) points.set(path, volume(path, made(path)));
  }
  return [...points.values()];
}
