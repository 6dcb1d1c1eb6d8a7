import { compareApiVersions } from '../api-version.js';
import type { ContainerInspect, EndpointSettings } from '../engine-types.js';

/** Since then a create request takes several networks, and the MAC address of each (Engine API changelog). */
const severalEndpointsSince = '1.44';

export interface Networking {
  /** For the create request. */
  endpoints: Record<string, EndpointSettings>;
  /** To be connected before the start. */
  connections: { network: string; endpoint: EndpointSettings }[];
  /** To be disconnected before the start: the engine attaches the network of the network mode by itself. */
  disconnections: string[];
}

/** Whether the container has no network of its own: the host's, another container's, or none. */
export function sharesNetwork(networkMode: string): boolean {
  return networkMode === 'host' || networkMode === 'none' || networkMode.startsWith('container:');
}

/** The networks that a container is on, with what the user set of each and nothing that the engine made up. */
export function networking(
  old: ContainerInspect,
  apiVersion: string,
  swarmScoped: ReadonlySet<string> = new Set(),
): Networking {
  const mode = old.HostConfig.NetworkMode ?? 'default';
  if (sharesNetwork(mode)) return { endpoints: {}, connections: [], disconnections: [] };
  const attached = Object.entries(old.NetworkSettings.Networks ?? {});
  const primary = primaryNetwork(mode, attached);
  if (attached.length === 0) return { endpoints: {}, connections: [], disconnections: [primary] };

  const endpoints = attached.map(([network, endpoint]): [string, EndpointSettings] => [
    network,
    userEndpoint(old, network, endpoint, {
      isPrimary: network === primary,
      isSwarmScoped: swarmScoped.has(network),
      apiVersion,
    }),
  ]);
  if (compareApiVersions(apiVersion, severalEndpointsSince) >= 0 || endpoints.length === 1) {
    return { endpoints: Object.fromEntries(endpoints), connections: [], disconnections: [] };
  }
  const [first] = endpoints.filter(([network]) => network === primary).concat(endpoints);
  return {
    endpoints: first ? Object.fromEntries([first]) : {},
    connections: endpoints
      .filter(([network]) => network !== first?.[0])
      .map(([network, endpoint]) => ({ network, endpoint })),
    disconnections: [],
  };
}

/** The attached network that the network mode means: by name, or by id, of which it may be a prefix. */
function primaryNetwork(mode: string, attached: [string, EndpointSettings][]): string {
  const name = mode === 'default' ? 'bridge' : mode;
  return (
    attached.find(
      ([network, { NetworkID }]) => network === name || (name.length >= 12 && NetworkID?.startsWith(name)),
    )?.[0] ?? name
  );
}

function userEndpoint(
  old: ContainerInspect,
  network: string,
  endpoint: EndpointSettings,
  { isPrimary, isSwarmScoped, apiVersion }: { isPrimary: boolean; isSwarmScoped: boolean; apiVersion: string },
): EndpointSettings {
  const { Aliases, Links, DriverOpts, IPAMConfig, GwPriority } = endpoint;
  // Engines up to 24 add the container's short id to its aliases: copied, they would pile up, one dead id per update.
  const aliases = (Aliases ?? []).filter((alias) => alias !== old.Id.slice(0, 12));
  const isDefaultBridge = network === 'bridge';
  const mac = isPrimary ? old.Config.MacAddress : userSetMac(endpoint);
  return {
    ...(aliases.length > 0 && !isDefaultBridge ? { Aliases: aliases } : {}),
    ...(Links?.length ? { Links } : {}),
    ...(DriverOpts && Object.keys(DriverOpts).length > 0 ? { DriverOpts } : {}),
    // While attached to an overlay, the engine shows the address that it gave out as if the user had asked for it.
    ...(IPAMConfig && Object.keys(IPAMConfig).length > 0 && !isSwarmScoped ? { IPAMConfig } : {}),
    ...(GwPriority ? { GwPriority } : {}),
    ...(mac && !isMadeFromAddress(mac, endpoint.IPAddress) && compareApiVersions(apiVersion, severalEndpointsSince) >= 0
      ? { MacAddress: mac }
      : {}),
  };
}

/** On further networks inspect cannot tell a MAC that was set from one that was made; made ones are locally administered. */
function userSetMac({ MacAddress }: EndpointSettings): string | undefined {
  if (!MacAddress || /^.[26ae]/i.test(MacAddress)) return undefined;
  return MacAddress;
}

/** Engines up to 27 make a MAC of `02:42` and the IPv4 address. */
export function isMadeFromAddress(mac: string, ipv4: string | undefined): boolean {
  if (!ipv4) return false;
  const made = ['02', '42', ...ipv4.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':');
  return mac.toLowerCase() === made;
}
