import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { AddressCounter } from '../http/address-counter.js';
import type { WindowCount } from '../http/window-counter.js';

/** Behind a proxy there are several clients, so that it has more failures than each of them. */
const peerShare = 2;

/**
 * Counts failed authentications by address, in windows of a minute. It never stands in the way of a valid token, so that nobody
 * can lock out the others behind an address.
 */
@Injectable()
export class FailureThrottle {
  private readonly addresses = new AddressCounter();
  private readonly peers = new AddressCounter();

  constructor(@Inject(settings.KEY) private readonly settings: Pick<Settings, 'authFailuresPerMinute'>) {}

  /**
   * Notes a failure.
   * @param peer the other end of the connection, if a proxy named the address: a client behind it may name any
   * @returns undefined, or, where there were too many, how many of this window that makes and when it ends
   */
  fail(address: string, now = performance.now(), peer = address): WindowCount | undefined {
    const { authFailuresPerMinute: limit } = this.settings;
    const byAddress = this.addresses.add(address, now);
    const byPeer = peer === address ? undefined : this.peers.add(peer, now);
    if (byPeer && byPeer.count > peerShare * limit) return byPeer;
    return byAddress.count > limit ? byAddress : undefined;
  }
}
