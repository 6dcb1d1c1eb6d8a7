import { compareApiVersions } from '../../engine/api-version.js';
import type { ContainerInspect, EndpointSettings } from '../../engine/engine-types.js';

/** Docker Engine 28, which offers API 1.48, is the first to make random addresses (moby libnetwork, bridge_linux.go). */
const randomSince = '1.48';

/**
 * The address of the container's own network that the user set. Inspect shows it only where it was set, except that
 * Docker Engine 25.0.0 and 25.0.1 showed the generated one.
 */
export function userMacOfContainer({ Config }: ContainerInspect, ipv4: string | undefined): string | undefined {
  return Config.MacAddress && !isMadeFromAddress(Config.MacAddress, ipv4) ? Config.MacAddress : undefined;
}

/**
 * What can be known of the address on a further network, of which inspect does not say who chose it: before the first
 * start it is there only where it was set; on engines that make addresses from the IPv4 address, any other was set; on
 * later ones a made address is random and locally administered, so that one that is not, or that has Docker's old
 * prefix, was set.
 * @param keepsMac whether the user says that it was set
 */
export function userMacOfEndpoint(
  { State }: ContainerInspect,
  { MacAddress, IPAddress }: EndpointSettings,
  { apiVersion, keepsMac = false }: { apiVersion: string; keepsMac?: boolean },
): { address?: string; isUncertain: boolean } {
  if (!MacAddress) return { isUncertain: false };
  if (State.Status === 'created' || keepsMac) {
    return { address: MacAddress, isUncertain: false };
  }
  if (isMadeFromAddress(MacAddress, IPAddress)) return { isUncertain: false };
  const isLocal = /^.[26ae]/i.test(MacAddress);
  const wasSet = compareApiVersions(apiVersion, randomSince) < 0 || !isLocal || MacAddress.startsWith('02:42:');
  return wasSet ? { address: MacAddress, isUncertain: false } : { isUncertain: true };
}

/** Engines up to 27 make an address of `02:42` and the four bytes of the IPv4 address. */
function isMadeFromAddress(mac: string, ipv4: string | undefined): boolean {
  if (!ipv4) return false;
  const bytes = ipv4.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return mac.toLowerCase() === ['02', '42', ...bytes].join(':');
}
