import type { EngineAddress } from '../../config/engine-address.js';
import { nameOf } from '../engine/container.js';
import type { ContainerInspect, ContainerSummary } from '../engine/engine-types.js';
import { canonicalPath } from './mounted-path.js';
import { ownerOf } from '../engine/namespaces.js';

/**
 * The containers that an engine's address can lead through: by name, by an alias, by an address of theirs, or by a port
 * of the host that they publish.
 * @param addresses what the host of the engine's address resolves to
 */
export function proxiesAmong(
  all: readonly ContainerInspect[],
  { host = '', port }: Pick<EngineAddress, 'host' | 'port'>,
  addresses: readonly string[],
): ContainerInspect[] {
  return all.filter((container) => {
    const endpoints = Object.values(container.NetworkSettings.Networks ?? {});
    const names = endpoints.flatMap(({ Aliases, DNSNames }) => [...(Aliases ?? []), ...(DNSNames ?? [])]);
    // The engine chooses a port that is not named, or one of a range.
    const published = [container.HostConfig.PortBindings, container.NetworkSettings.Ports]
      .flatMap((ports) => Object.values(ports ?? {}))
      .flatMap((bindings) => bindings ?? []);
    return (
      nameOf(container) === host ||
      names.includes(host) ||
      isAt(container, addresses) ||
      published.some(({ HostPort }) => HostPort === String(port))
    );
  });
}

/** The host's network, or the id of the container that owns one which others may share. */
export type SharedNetwork = string;

/**
 * The network on which a proxy may listen though no name, address or published port is its own: the service's own one, or the host's.
 * @param networkOwner the container whose network the service uses; undefined outside of a container
 */
export function networkLedTo(
  addresses: readonly string[],
  networkOwner: ContainerInspect | undefined,
): SharedNetwork | undefined {
  if (addresses.some(isLoopback)) return networkOwner ? networkUsedBy(networkOwner, [networkOwner]) : hostNetwork;
  const endpoints = Object.values(networkOwner?.NetworkSettings.Networks ?? {});
  return endpoints.some(({ Gateway }) => Gateway && addresses.includes(Gateway)) ? hostNetwork : undefined;
}

/** The containers on that network that may be the proxy: those with an engine's socket. */
export function proxiesOnNetwork(all: readonly ContainerInspect[], network: SharedNetwork): ContainerInspect[] {
  return all.filter((container) => hasSocket(container) && networkUsedBy(container, all) === network);
}

export const hostNetwork = 'host';

function networkUsedBy(container: ContainerInspect, all: readonly ContainerInspect[]): SharedNetwork {
  const ownerId = ownerOf(container, 'NetworkMode');
  if (ownerId === undefined) return container.HostConfig.NetworkMode === hostNetwork ? hostNetwork : container.Id;
  const owner = all.find(({ Id }) => Id === ownerId);
  return owner ? networkUsedBy(owner, all) : ownerId;
}

/** Whether the address leads to a container on a network of the engine, or to a port that one publishes. */
export function leadsToContainer(
  present: readonly ContainerSummary[],
  { port }: Pick<EngineAddress, 'port'>,
  addresses: readonly string[],
): boolean {
  return present.some(
    ({ Ports, NetworkSettings }) =>
      (Ports ?? []).some(({ PublicPort }) => PublicPort !== undefined && PublicPort === port) ||
      Object.values(NetworkSettings?.Networks ?? {}).some(
        ({ IPAddress }) => IPAddress && addresses.includes(IPAddress),
      ),
  );
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function isAt({ NetworkSettings }: ContainerInspect, addresses: readonly string[]): boolean {
  return Object.values(NetworkSettings.Networks ?? {})
    .flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address])
    .some((address) => address && addresses.includes(address));
}

/** Where engines have their sockets on a host: whoever mounts such a folder can reach them. */
const socketFolder = /^\/run(?:\/user\/\d+)?$/;

function hasSocket({ Mounts }: ContainerInspect): boolean {
  return Mounts.some(({ Source = '' }) => Source.endsWith('.sock') || socketFolder.test(canonicalPath(Source)));
}
