import type { ContainerInspect, EndpointSettings } from '../../engine/engine-types.js';
import { isSet, means } from './same.js';

const withoutNetworks = /^(host|none|container:.*)$/;
const sysctls = 'com.docker.network.endpoint.sysctls';

/**
 * Networks that the replacement is not on, or is on without being asked to, and what the user set of the others.
 * @param swarmScoped networks on which inspect shows an address that was given out as one that was asked for
 */
export function lostNetworks(
  old: ContainerInspect,
  created: ContainerInspect,
  swarmScoped: ReadonlySet<string>,
): string[] {
  if (withoutNetworks.test(old.HostConfig.NetworkMode ?? '')) return [];
  const before = old.NetworkSettings.Networks ?? {};
  const after = created.NetworkSettings.Networks ?? {};
  const added = Object.keys(after).filter((network) => !Object.hasOwn(before, network));
  return [
    ...added.map((network) => `its absence from the network ${network}`),
    ...Object.entries(before).flatMap(([network, endpoint]) => {
      const other = after[network];
      if (!other) return [`the network ${network}`];
      const isAddressKnown = !(swarmScoped.has(network) && old.State.Running);
      return lostSettings(endpoint, other, old.Id.slice(0, 12), isAddressKnown).map(
        (what) => `${what} on the network ${network}`,
      );
    }),
  ];
}

function lostSettings(
  before: EndpointSettings,
  after: EndpointSettings,
  shortId: string,
  isAddressKnown: boolean,
): string[] {
  const aliases = (before.Aliases ?? []).filter((alias) => alias !== shortId && !after.Aliases?.includes(alias));
  const options = Object.entries(before.DriverOpts ?? {}).filter(([name, value]) => {
    const now = after.DriverOpts?.[name];
    // The container's settings of its first interface may have joined the endpoint's own.
    return now !== value && !(name === sysctls && now?.startsWith(`${value},`));
  });
  return [
    ...aliases.map((alias) => `the alias ${alias}`),
    ...options.map(([name]) => `the driver option ${name}`),
    ...(isAddressKnown && isSet(before.IPAMConfig) && !means(before.IPAMConfig, after.IPAMConfig)
      ? ['the address']
      : []),
    ...(isSet(before.Links) && !means(before.Links, after.Links) ? ['the links'] : []),
    ...(isSet(before.GwPriority) && !means(before.GwPriority, after.GwPriority) ? ['the gateway priority'] : []),
  ];
}
