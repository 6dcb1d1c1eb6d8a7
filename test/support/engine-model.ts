import type {
  ContainerConfig,
  ContainerInspect,
  CreateRequest,
  EndpointSettings,
  ImageInspect,
  MountPoint,
} from '../../src/docker/engine-types.js';
import { containerInspect } from './containers.js';

/**
 * What an engine makes of a create request, as far as a copy depends on it: a model of moby's daemon/commit.go (`merge`),
 * daemon/create.go and container/mounts, for properties that need thousands of containers. The end-to-end tests hold
 * the same rules against real engines.
 */
export function createdBy(
  request: CreateRequest,
  image: ImageInspect,
  { id, apiVersion, connections = [] }: { id: string; apiVersion: string; connections?: Connection[] },
): ContainerInspect {
  const { HostConfig = {}, NetworkingConfig, ...config } = request;
  const merged = mergeImage(config, image.Config ?? {});
  const attached = { ...NetworkingConfig?.EndpointsConfig };
  for (const { network, endpoint } of connections) attached[network] = endpoint;
  if (Object.keys(attached).length === 0) attached[HostConfig.NetworkMode ?? 'bridge'] = {};
  const injectsAlias = Number(apiVersion.split('.')[1]) < 45;
  const withShortId = (endpoint: EndpointSettings): EndpointSettings =>
    injectsAlias ? { ...endpoint, Aliases: [...(endpoint.Aliases ?? []), id.slice(0, 12)] } : endpoint;
  return containerInspect({
    Id: id,
    Image: image.Id,
    State: { Status: 'created', Running: false },
    Config: { Hostname: id.slice(0, 12), ...merged },
    HostConfig: { MaskedPaths: defaultMaskedPaths, ReadonlyPaths: defaultReadonlyPaths, ...HostConfig },
    Mounts: mountPoints(HostConfig, merged, id),
    NetworkSettings: {
      Networks: Object.fromEntries(
        Object.entries(attached).map(([network, endpoint]) => [
          network,
          network === 'bridge' ? endpoint : withShortId(endpoint),
        ]),
      ),
    },
  });
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
  { Binds, Mounts, Tmpfs }: NonNullable<CreateRequest['HostConfig']>,
  config: ContainerConfig,
  id: string,
): MountPoint[] {
  const points = new Map<string, MountPoint>();
  const volume = (Destination: string, Name: string | undefined, RW = true): MountPoint => ({
    Type: 'volume',
    Name,
    Destination,
    RW,
  });
  const made = (path: string): string => `made-${id.slice(0, 6)}-${path}`;
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
