import { compareApiVersions } from '../engine/api-version.js';
import type {
  ContainerConfig,
  ContainerInspect,
  CreateRequest,
  EndpointSettings,
  ImageInspect,
} from '../engine/engine-types.js';
import { readLabel } from '../update/label-values.js';
import { isShortId } from './fields/hostname.js';
import { labels } from '../update/labels.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { userCommand } from './fields/command.js';
import { userEnvironment } from './fields/environment.js';
import { userExposedPorts } from './fields/exposed-ports.js';
import { userHealthcheck } from './fields/healthcheck.js';
import { carriedHostConfig } from './fields/host-config.js';
import { userLabels } from './fields/labels.js';
import { mountRequest } from './fields/mounts.js';
import { networking } from './fields/networks.js';
import { splitSysctls } from './fields/sysctls.js';
import { hasNoEndpoints, usesOthersNetwork } from '../engine/namespaces.js';

/** All that decides what a replacement is like. */
export interface SpecInput {
  old: ContainerInspect;
  /** The image that the old container runs, as it was before the pull; without it, all of the configuration is the user's. */
  oldImage?: ImageInspect;
  newImage: ImageInspect;
  /** The API version that the request will be sent with: 1.41 to 1.51. */
  apiVersion: string;
  /** Names of networks of Swarm scope (overlays), where inspect shows addresses as if they had been asked for. */
  swarmScopedNetworks?: ReadonlySet<string>;
  /** The containers of `VolumesFrom` that still exist; without it, all do. */
  donors?: readonly ContainerInspect[];
  /** What the replacement remembers of the image that ran before it: see previous-image.ts. */
  previous?: string;
  /** The id of the container that it is to replace: see replacement-mark.ts. */
  replaces?: string;
  /** The name of the engine's host, which it shows as the hostname of a container on the host's network. */
  engineHostname?: string;
}

/** What makes a replacement: the create request, and what has to be done to it before its start. */
export interface ContainerSpec {
  create: CreateRequest;
  /** Networks that the create request cannot take: API below 1.44. */
  connections: { network: string; endpoint: EndpointSettings }[];
  /** Networks that the engine attaches by itself, and that the old container had left. */
  disconnections: string[];
  /** Endpoints on overlay networks whose addresses can be told only once the old container has stopped. */
  undecided: { network: string; endpoint: EndpointSettings }[];
  /** What cannot be told from inspect and may change. */
  warnings: string[];
}

/**
 * Derives the replacement from the container, pure: only what was set on the container is carried over, what its old
 * image had set is left to the new one. docs/recreation.md explains each field.
 */
export function containerSpec(input: SpecInput): ContainerSpec {
  const { old, apiVersion, swarmScopedNetworks, donors } = input;
  const oldImage: Pick<ImageInspect, 'Config'> = input.oldImage ?? {};
  const { ofContainer, ofEndpoint } = splitSysctls(old.HostConfig.Sysctls, apiVersion);
  const { endpoints, warnings, ...afterwards } = networking({
    old,
    apiVersion,
    keepsMac: readLabel(labelsOfUser(old, oldImage), 'keepMac'),
    swarmScopedNetworks,
    endpointSysctls: ofEndpoint,
  });
  const { Volumes, ...mounts } = mountRequest(old, oldImage, donors);
  return {
    create: {
      ...carriedConfig(old),
      ...mergedConfig(input),
      ...identity(input),
      Volumes,
      HostConfig: carriedHostConfig(old, mounts, ofContainer),
      NetworkingConfig: { EndpointsConfig: endpoints },
    },
    ...afterwards,
    warnings: [
      ...(input.oldImage ? [] : ['the old image is gone: its defaults are carried over']),
      ...deadHostname(old),
      ...warnings,
    ],
  };
}

/** Belonging to the image alone, or decided below; everything else is the user's, known to us or not. */
const notCarried = new Set([
  ...['OnBuild', 'ArgsEscaped', 'Env', 'Cmd', 'Entrypoint', 'Labels', 'Healthcheck', 'ExposedPorts', 'Volumes'],
  ...['WorkingDir', 'User', 'StopSignal', 'Hostname', 'Domainname', 'MacAddress'],
]);

function carriedConfig({ Config }: ContainerInspect): Partial<ContainerConfig> {
  return Object.fromEntries(Object.entries(Config).filter(([field]) => !notCarried.has(field)));
}

/** The fields into which the engine merges the image's (moby daemon/commit.go, `merge`), with that undone. */
function mergedConfig({ old, oldImage, newImage, previous, replaces }: SpecInput): Partial<ContainerConfig> {
  const { Config } = old;
  const image = oldImage?.Config ?? {};
  const kept = userLabels(old, { Config: image }, newImage);
  const merged: Partial<ContainerConfig> = {
    Env: userEnvironment(Config.Env ?? [], image.Env ?? []),
    ...userCommand(Config, image),
    Labels: {
      ...kept,
      ...(previous !== undefined && { [labels.previous]: previous }),
      ...(replaces !== undefined && { [labels.replaces]: replaces }),
    },
    Healthcheck: userHealthcheck(Config.Healthcheck, image.Healthcheck),
    ExposedPorts: userExposedPorts(old, { Config: image }),
  };
  for (const field of ['WorkingDir', 'User', 'StopSignal'] as const) {
    if (Config[field] && Config[field] !== image[field]) merged[field] = Config[field];
  }
  return merged;
}

/** What others know the container by: refused by the engine where the namespace that it belongs to is not its own. */
function identity({ old, apiVersion, engineHostname }: SpecInput): Partial<ContainerConfig> {
  const { Hostname, Domainname, MacAddress } = old.Config;
  const { NetworkMode, UTSMode } = old.HostConfig;
  if (usesOthersNetwork(NetworkMode)) return {};
  // The engine made it; the replacement gets its own.
  const isMade =
    isShortId(Hostname ?? '') ||
    Hostname === old.Id.slice(0, 12) ||
    (NetworkMode === 'host' && Hostname === engineHostname);
  const set: Partial<ContainerConfig> = {};
  if (Hostname && !isMade && UTSMode !== 'host') set.Hostname = Hostname;
  if (Domainname) set.Domainname = Domainname;
  // Since API 1.44 it belongs to the endpoint: spec/networks.ts.
  if (MacAddress && compareApiVersions(apiVersion, '1.44') < 0 && !hasNoEndpoints(NetworkMode)) {
    set.MacAddress = MacAddress;
  }
  return set;
}

function deadHostname({ Id, Config, HostConfig }: ContainerInspect): string[] {
  const { Hostname = '' } = Config;
  if (!isShortId(Hostname) || Id.startsWith(Hostname) || usesOthersNetwork(HostConfig.NetworkMode)) return [];
  return [`its hostname ${Hostname} is the id of an earlier container and is left out; set another one to keep it`];
}
