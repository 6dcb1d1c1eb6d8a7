import type { ContainerInspect, EndpointSettings, Mount } from '../../src/docker/engine/engine-types.js';
import { meaning } from '../../src/docker/recreate/verify/same.js';

/** What the engine tells of a container, without what belongs to this one alone: ids, names, addresses that were given out. */
export interface Comparable {
  config: unknown;
  hostConfig: unknown;
  mounts: unknown;
  networks: unknown;
}

const anonymous = /^[0-9a-f]{64}$/;

/**
 * Brings an updated container and its twin, which the client made of the new image with the same command, into a form in
 * which they are equal. That is written anew here, apart from the service's own comparison, to find that one's mistakes.
 */
export function comparable(container: ContainerInspect, twin: ContainerInspect): Comparable {
  const carried = new Set([container, twin].flatMap(carriedVolumes));
  const { Config, HostConfig, Mounts, NetworkSettings, Id } = container;
  // Whether a client listened when the container was made: `docker create` and `docker run --detach` differ in that.
  const { Hostname, Volumes, Labels, AttachStdin, AttachStdout, AttachStderr, StdinOnce, ...config } = Config;
  // Written by the update: which image ran before.
  const {
    'com.docker.compose.replace': replaced,
    'trigger-docker-pull.previous': previous,
    'trigger-docker-pull.replaces': replaces,
    ...labels
  } = Labels ?? {};
  const { ContainerIDFile, Mounts: requested, Binds, Links, NetworkMode, ...hostConfig } = HostConfig;
  return {
    config: meaning({
      ...config,
      Labels: labels,
      // The order in which Compose writes variables is not the same twice.
      Env: [...(config.Env ?? [])].sort(),
      // In another container's network it is that one's, once it runs.
      Hostname: Hostname === Id.slice(0, 12) || NetworkMode?.startsWith('container:') ? undefined : Hostname,
      Volumes: Object.keys(Volumes ?? {})
        .filter((path) => !carried.has(path))
        .sort(),
    }),
    hostConfig: meaning({
      ...hostConfig,
      NetworkMode: NetworkMode === 'default' ? 'bridge' : NetworkMode,
      Mounts: (requested ?? []).filter(({ Target }) => !carried.has(Target ?? '')).sort(byTarget),
      // The engine mounts them by the depth of their targets; Compose writes them in an order of its own.
      Binds: [...(Binds ?? [])].sort(),
      Links: (Links ?? []).map((link) => link.replace(/:.*\//, ':')).sort(),
    }),
    mounts: meaning(
      Mounts.filter(({ Destination }) => !carried.has(Destination))
        .map(({ Type, Name, Source, Destination, RW, Propagation }) => ({
          ...{ Type, Destination, RW, Propagation },
          from: Type === 'volume' ? Name?.replace(anonymous, 'anonymous') : Type === 'bind' ? Source : undefined,
        }))
        .sort((a, b) => a.Destination.localeCompare(b.Destination)),
    ),
    networks: meaning(
      Object.fromEntries(
        Object.entries(NetworkSettings.Networks ?? {}).map(([name, endpoint]) => [
          name,
          endpointOf(endpoint, Id, Hostname),
        ]),
      ),
    ),
  };
}

/** Anonymous volumes are kept by name: that is the one thing in which an update differs from a new container. */
export function carriedVolumes({ HostConfig }: ContainerInspect): string[] {
  return (HostConfig.Mounts ?? [])
    .filter(({ Type, Source }) => Type === 'volume' && anonymous.test(Source ?? ''))
    .map(({ Target }) => Target ?? '');
}

function endpointOf(
  { Aliases, Links, DriverOpts, IPAMConfig, GwPriority }: EndpointSettings,
  id: string,
  hostname = '',
): object {
  return {
    ...{ Links, DriverOpts, GwPriority },
    // By its start the engine adds both: the twin is not started.
    Aliases: (Aliases ?? []).filter((alias) => alias !== id.slice(0, 12) && alias !== hostname).sort(),
    IPAMConfig,
    // Present, whatever is set of it.
    isAttached: true,
  };
}

function byTarget(a: Mount, b: Mount): number {
  return (a.Target ?? '').localeCompare(b.Target ?? '');
}
