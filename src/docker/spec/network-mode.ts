const donorPrefix = 'container:';

/** Whether the container lives in another container's network namespace, where it may set nothing of its own. */
export function usesOthersNetwork(networkMode = ''): boolean {
  return networkMode.startsWith(donorPrefix);
}

/** Whether the container is on no network that it could be attached to: the host's, another container's, or none. */
export function hasNoEndpoints(networkMode = ''): boolean {
  return networkMode === 'host' || networkMode === 'none' || usesOthersNetwork(networkMode);
}

/** The network that a mode names. Engines up to 25 report `default` for the default bridge, later ones `bridge`. */
export function networkOf(networkMode = 'default'): string {
  return networkMode === 'default' || networkMode === '' ? 'bridge' : networkMode;
}
