import type { ContainerInspect, ImageInspect } from '../../engine/engine-types.js';
import { usesOthersNetwork } from '../../engine/namespaces.js';

/**
 * The ports that the user exposed, and every published one: an engine up to 28 drops a binding whose port is not
 * exposed, which is what a new image does that exposes another one. Undefined where the network is another container's.
 */
export function userExposedPorts(
  { Config, HostConfig }: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
): Record<string, object> | undefined {
  if (usesOthersNetwork(HostConfig.NetworkMode)) return undefined;
  const inherited = oldImage.Config?.ExposedPorts ?? {};
  const own = Object.keys(Config.ExposedPorts ?? {}).filter((port) => !(port in inherited));
  return Object.fromEntries([...own, ...Object.keys(HostConfig.PortBindings ?? {})].map((port) => [port, {}]));
}
