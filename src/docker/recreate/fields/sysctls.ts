import { compareApiVersions } from '../../engine/api-version.js';
import type { HostConfig } from '../../engine/engine-types.js';

/** Since then the engine refuses a first interface's settings among the container's (Engine API changelog). */
const perEndpointSince = '1.48';
const ofFirstInterface = /^(net\.[^.]+\.[^.]+\.)eth0(\..+)$/;

/** The driver option that takes an endpoint's settings, as `name=value` with IFNAME for the interface, comma-separated. */
export const endpointSysctlsOption = 'com.docker.network.endpoint.sysctls';

/**
 * Takes the settings of `eth0` out of a container's: they were allowed on older engines and are now the endpoint's.
 * @returns what stays, and the value for `endpointSysctlsOption`, if any
 */
export function splitSysctls(
  sysctls: HostConfig['Sysctls'],
  apiVersion: string,
): { ofContainer: HostConfig['Sysctls']; ofEndpoint?: string } {
  if (!sysctls || compareApiVersions(apiVersion, perEndpointSince) < 0) return { ofContainer: sysctls };
  const entries = Object.entries(sysctls);
  const moved = entries.filter(([name]) => ofFirstInterface.test(name));
  if (moved.length === 0) return { ofContainer: sysctls };
  return {
    ofContainer: Object.fromEntries(entries.filter(([name]) => !ofFirstInterface.test(name))),
    ofEndpoint: moved.map(([name, value]) => `${name.replace(ofFirstInterface, '$1IFNAME$2')}=${value}`).join(','),
  };
}
