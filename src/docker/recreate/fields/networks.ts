import { compareApiVersions } from '../../engine/api-version.js';
import type { ContainerInspect, EndpointIpam, EndpointSettings } from '../../engine/engine-types.js';
import { labels } from '../../update/labels.js';
import { userMacOfContainer, userMacOfEndpoint } from './mac-address.js';
import { endpointSysctlsOption } from './sysctls.js';
import { hasNoEndpoints, networkOf } from '../../engine/namespaces.js';

/** Since then a create request takes several networks, and the MAC address of each (Engine API changelog). */
const severalEndpointsSince = '1.44';
const defaultBridge = 'bridge';

export interface NetworkingInput {
  old: ContainerInspect;
  apiVersion: string;
  /** Whether the addresses on further networks were set by hand: the label `keep-mac`. */
  keepsMac?: boolean;
  /** Names of networks of Swarm scope (overlays), where inspect shows addresses as if they had been asked for. */
  swarmScopedNetworks?: ReadonlySet<string>;
  /** Settings of the first interface, which move from the container to its endpoint: see sysctls.ts. */
  endpointSysctls?: string;
}

export interface Networking {
  /** For the create request. */
  endpoints: Record<string, EndpointSettings>;
  /** To be connected before the start. */
  connections: { network: string; endpoint: EndpointSettings }[];
  /** To be disconnected before the start: the engine attaches the network of the network mode by itself. */
  disconnections: string[];
  /**
   * Endpoints on overlay networks of a running container, whose addresses may be the user's or the engine's; asked for
   * without. Once it has stopped, it can be told: see overlay-addresses.ts.
   */
  undecided: { network: string; endpoint: EndpointSettings }[];
  warnings: string[];
}

/** The networks that a container is on, with what the user set of each and nothing that the engine made up. */
export function networking(input: NetworkingInput): Networking {
  const { old, apiVersion } = input;
  const nothing: Networking = { endpoints: {}, connections: [], disconnections: [], undecided: [], warnings: [] };
  // With networking disabled the engine attaches nothing, and cannot detach anything either.
  if (hasNoEndpoints(old.HostConfig.NetworkMode) || old.Config.NetworkDisabled === true) return nothing;
  const attached = Object.entries(old.NetworkSettings.Networks ?? {});
  const ownNetwork = networkOf(old.HostConfig.NetworkMode);
  if (attached.length === 0) return { ...nothing, disconnections: [ownNetwork] };

  const primary = attached.find(([name, { NetworkID }]) => isNetwork(ownNetwork, name, NetworkID))?.[0];
  // Where the container has left its own network, another one has its first interface.
  const ofFirstInterface = primary ?? attached[0]?.[0];
  const warnings: string[] = [];
  const requests = attached.map(([network, endpoint]) => ({
    network,
    endpoint: endpointRequest(input, network, endpoint, network === ofFirstInterface, warnings),
  }));
  const undecided = requests.filter(({ network }) => isUndecided(input, network));
  if (compareApiVersions(apiVersion, severalEndpointsSince) >= 0) {
    const endpoints = Object.fromEntries(requests.map((r) => [r.network, r.endpoint]));
    return { ...nothing, endpoints, undecided, warnings };
  }
  const first = requests.find(({ network }) => network === primary) ?? requests[0];
  return {
    ...nothing,
    endpoints: first ? { [first.network]: first.endpoint } : {},
    connections: requests.filter((request) => request !== first),
    undecided,
    warnings,
  };
}

/** A network mode names a network, or its id in full or as the 12 digits that Docker prints. */
function isNetwork(mode: string, name: string, id: string | undefined): boolean {
  return name === mode || (/^[0-9a-f]{12,64}$/.test(mode) && (id ?? '').startsWith(mode));
}

function endpointRequest(
  input: NetworkingInput,
  network: string,
  endpoint: EndpointSettings,
  isPrimary: boolean,
  warnings: string[],
): EndpointSettings {
  const { old, apiVersion, endpointSysctls } = input;
  const { Aliases, Links, DriverOpts, IPAMConfig, GwPriority } = endpoint;
  const request: EndpointSettings = {};
  if (network !== defaultBridge) {
    // The engine adds the container's short id (API below 1.45); copied, they would pile up, one dead id per update.
    const aliases = (Aliases ?? []).filter((alias) => alias !== old.Id.slice(0, 12));
    if (aliases.length > 0) request.Aliases = aliases;
    if (Links?.length) request.Links = Links;
    const ipam = userAddresses(IPAMConfig);
    if (ipam && !isUndecided(input, network)) request.IPAMConfig = ipam;
  }
  const driverOpts = withSysctls(DriverOpts ?? {}, isPrimary ? endpointSysctls : undefined);
  if (Object.keys(driverOpts).length > 0) request.DriverOpts = driverOpts;
  if (GwPriority) request.GwPriority = GwPriority;
  if (compareApiVersions(apiVersion, severalEndpointsSince) >= 0) {
    const mac = macOf(input, network, endpoint, warnings);
    if (mac) request.MacAddress = mac;
  }
  return request;
}

/** While a container runs, the engine shows the address that it gave out on an overlay as if the user had asked for it. */
function isUndecided({ old, swarmScopedNetworks }: NetworkingInput, network: string): boolean {
  return old.State.Running && (swarmScopedNetworks?.has(network) ?? false);
}

/** The addresses that the user asked for, of what inspect tells of an endpoint; undefined where there are none. */
export function userAddresses(ipam: EndpointIpam | null | undefined): EndpointIpam | undefined {
  const set = Object.entries(ipam ?? {}).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value));
  return set.length > 0 ? Object.fromEntries(set) : undefined;
}

function withSysctls(options: Record<string, string>, sysctls: string | undefined): Record<string, string> {
  if (!sysctls) return options;
  const own = options[endpointSysctlsOption];
  return { ...options, [endpointSysctlsOption]: own ? `${own},${sysctls}` : sysctls };
}

function macOf(
  { old, apiVersion, keepsMac }: NetworkingInput,
  network: string,
  endpoint: EndpointSettings,
  warnings: string[],
): string | undefined {
  // Where the network mode is an id, inspect leaves the address out of the container's configuration.
  if (network === networkOf(old.HostConfig.NetworkMode)) return userMacOfContainer(old, endpoint.IPAddress);
  const { address, isUncertain } = userMacOfEndpoint(old, endpoint, { apiVersion, keepsMac });
  if (isUncertain) {
    warnings.push(
      `the MAC address on the network ${network} looks generated and changes; the label ${labels.keepMac}=true keeps it`,
    );
  }
  return address;
}
