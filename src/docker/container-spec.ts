import { compareApiVersions } from './api-version.js';
import type {
  ContainerConfig,
  ContainerInspect,
  CreateRequest,
  EndpointSettings,
  ImageInspect,
} from './engine-types.js';
import { userCommand } from './spec/command.js';
import { userEnvironment } from './spec/environment.js';
import { carriedHostConfig, publishedPorts } from './spec/host-config.js';
import { userExposedPorts, userHealthcheck, userLabels } from './spec/merged-fields.js';
import { bindTarget, carriedMounts, normalise } from './spec/mounts.js';
import { networking } from './spec/networks.js';

/** All that decides what a replacement is like. */
export interface SpecInput {
  old: ContainerInspect;
  oldImage: ImageInspect;
  newImage: ImageInspect;
  /** The API version that the request will be sent with. */
  apiVersion: string;
  /** Names of networks of Swarm scope (overlays), where inspect shows addresses as if they had been asked for. */
  swarmScopedNetworks?: ReadonlySet<string>;
}

/** What makes a replacement: the create request, and what has to be done to it before its start. */
export interface ContainerSpec {
  create: CreateRequest;
  connections: { network: string; endpoint: EndpointSettings }[];
  disconnections: string[];
}

/**
 * Derives the replacement from the container, pure: only what was set on the container is carried over, what its old
 * image had set is left to the new one. docs/recreation.md explains each field.
 */
export function containerSpec({ old, oldImage, newImage, apiVersion, swarmScopedNetworks }: SpecInput): ContainerSpec {
  const { endpoints, connections, disconnections } = networking(old, apiVersion, swarmScopedNetworks);
  return {
    create: {
      ...carriedConfig(old, oldImage, newImage, apiVersion),
      HostConfig: carriedHostConfig(old),
      NetworkingConfig: { EndpointsConfig: endpoints },
    },
    connections,
    disconnections,
  };
}

/** Set anew by the engine, or belonging to the image alone. */
const neverCarried = [
  'OnBuild',
  'ArgsEscaped',
  'Env',
  'Cmd',
  'Entrypoint',
  'Labels',
  'Healthcheck',
  'ExposedPorts',
  'Volumes',
  'Hostname',
  'Domainname',
  'MacAddress',
  'WorkingDir',
  'User',
  'StopSignal',
];

function carriedConfig(
  old: ContainerInspect,
  oldImage: ImageInspect,
  newImage: ImageInspect,
  apiVersion: string,
): Partial<ContainerConfig> {
  const { Config } = old;
  const image = oldImage.Config ?? {};
  const rest = Object.fromEntries(Object.entries(Config).filter(([field]) => !neverCarried.includes(field)));
  const networkMode = old.HostConfig.NetworkMode ?? '';
  const usesOthersNetwork = networkMode.startsWith('container:');
  return {
    ...rest,
    Env: userEnvironment(Config.Env ?? [], image.Env ?? []),
    ...userCommand(Config, image),
    Labels: userLabels(Config.Labels ?? {}, image.Labels ?? {}, {
      oldId: old.Image,
      oldManifest: old.ImageManifestDescriptor?.digest,
      newImage,
    }),
    Healthcheck: userHealthcheck(Config.Healthcheck, image.Healthcheck),
    ...(usesOthersNetwork
      ? {}
      : { ExposedPorts: userExposedPorts(Config.ExposedPorts ?? {}, image.ExposedPorts ?? {}, publishedPorts(old)) }),
    Volumes: userVolumes(old, image.Volumes ?? {}),
    ...hostname(old),
    ...(Config.Domainname && !usesOthersNetwork ? { Domainname: Config.Domainname } : {}),
    // Since API 1.44 a MAC address belongs to the endpoint: spec/networks.ts.
    ...(Config.MacAddress && compareApiVersions(apiVersion, '1.44') < 0 ? { MacAddress: Config.MacAddress } : {}),
    ...userScalar(Config, image, 'WorkingDir'),
    ...userScalar(Config, image, 'User'),
    ...userScalar(Config, image, 'StopSignal'),
  };
}

function userScalar(
  config: ContainerConfig,
  image: Partial<ContainerConfig>,
  field: 'WorkingDir' | 'User' | 'StopSignal',
): Partial<ContainerConfig> {
  return config[field] && config[field] !== image[field] ? { [field]: config[field] } : {};
}

/** A hostname that is the container's own short id was made by the engine; the replacement gets its own. */
function hostname({ Id, Config, HostConfig }: ContainerInspect): Partial<ContainerConfig> {
  const mode = HostConfig.NetworkMode ?? '';
  const isShared = HostConfig.UTSMode === 'host' || mode === 'host' || mode.startsWith('container:');
  return Config.Hostname && Config.Hostname !== Id.slice(0, 12) && !isShared ? { Hostname: Config.Hostname } : {};
}

/** The paths that the user declared as volumes, and that no carried mount covers. */
function userVolumes(old: ContainerInspect, image: Record<string, object>): Record<string, object> {
  const { Binds, Tmpfs } = old.HostConfig;
  const covered = new Set([
    ...carriedMounts(old).map(({ Target }) => normalise(Target ?? '')),
    ...(Binds ?? []).map(bindTarget),
    ...Object.keys(Tmpfs ?? {}).map(normalise),
  ]);
  return Object.fromEntries(
    Object.entries(old.Config.Volumes ?? {}).filter(([path]) => !(path in image) && !covered.has(normalise(path))),
  );
}
