import ipaddr from 'ipaddr.js';
import { isIPv6 } from 'node:net';
import { WindowCounter, type WindowCount } from './window-counter.js';

/** Counts by address, in windows of a minute. */
export class AddressCounter {
  private readonly networks = new WindowCounter();

  /** Counts one more. @param now ms */
  add(address: string, now?: number): WindowCount {
    return this.networks.add(networkOf(address), now);
  }
}

/** An IPv6 host has a /64 of addresses to choose from: they count as one. */
function networkOf(address: string): string {
  return isIPv6(address) ? ipaddr.IPv6.parse(address).parts.slice(0, 4).join(':') : address;
}
