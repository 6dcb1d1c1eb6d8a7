import type { ContainerInspect, EndpointSettings } from '../engine/engine-types.js';
import { isShortId } from '../recreate/fields/hostname.js';
import { labels } from '../update/labels.js';
import { usesOthersNetwork } from '../engine/namespaces.js';

/** What is known of a container's surroundings. */
export interface StartFirstContext {
  /** Whether two containers may write to the same volumes at once. */
  sharesVolumes: boolean;
  /** On a Swarm node the rename of a running container breaks the engine's DNS (moby/moby#42351). */
  isSwarmActive: boolean;
  /** The names of the containers that share a namespace of it, or have a legacy link to it. */
  dependents: readonly string[];
  /** Whether it is in the network of a container that is gone, which its replacement does not join. */
  leavesDeadNetwork?: boolean;
}

/** Says why two of a container cannot run at once, as `start-first` has them; undefined where they can. Pure. */
export function exclusive(container: ContainerInspect, surroundings: StartFirstContext): string | undefined {
  const network = surroundings.leavesDeadNetwork ? undefined : ofNetwork(container);
  return network ?? ofHost(container, surroundings) ?? ofSurroundings(surroundings);
}

function ofNetwork({ Id, Config, HostConfig, NetworkSettings }: ContainerInspect): string | undefined {
  const { NetworkMode = '', PortBindings, PublishAllPorts, Sysctls } = HostConfig;
  const published = Object.keys(PortBindings ?? {});
  if (published.length > 0) return `the host's port for ${published.join(', ')} can lead to one container only`;
  if (PublishAllPorts) return "its ports are published, and a port of the host's can lead to one container only";
  if (NetworkMode === 'host') return "it is on the host's network, where a port can be listened on once only";
  if (usesOthersNetwork(NetworkMode)) return 'it shares the network of another container';
  if (Config.Hostname && !Id.startsWith(Config.Hostname) && !isShortId(Config.Hostname))
    return "its hostname was set, by which the engine's DNS would know the new container at once";
  if (Config.MacAddress) return 'its MAC address was set';
  if (Object.keys(Sysctls ?? {}).some((name) => /\.eth\d+\./.test(name)))
    return 'it has settings of its first network interface, which is taken away for a moment';
  const fixed = Object.entries(NetworkSettings.Networks ?? {}).find(([, endpoint]) => hasAddress(endpoint));
  return fixed && `its address on the network ${fixed[0]} was set`;
}

function hasAddress({ IPAMConfig }: EndpointSettings): boolean {
  return Object.values(IPAMConfig ?? {}).some((value) => (Array.isArray(value) ? value.length > 0 : Boolean(value)));
}

function ofHost({ HostConfig, Mounts }: ContainerInspect, { sharesVolumes }: StartFirstContext): string | undefined {
  const devices = [HostConfig.Devices, HostConfig.DeviceRequests].some(
    (list) => Array.isArray(list) && list.length > 0,
  );
  if (devices) return 'it has devices, which may be for one process only';
  const writable = Mounts.find(({ Type, RW }) => RW !== false && (Type === 'volume' || Type === 'bind'));
  if (!writable || sharesVolumes) return undefined;
  return `both would write to ${writable.Destination}; the label ${labels.shareVolumes}=true says that they may`;
}

function ofSurroundings({ isSwarmActive, dependents }: StartFirstContext): string | undefined {
  if (isSwarmActive)
    return "its engine is part of a Swarm, where the rename of a running container breaks the engine's DNS";
  if (dependents.length > 0) return `${dependents.join(', ')} cannot do without it, and would have to stop with it`;
  return undefined;
}
