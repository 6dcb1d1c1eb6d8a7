import { Inject, Injectable } from '@nestjs/common';
import { isIPv6 } from 'node:net';
import { settings, type Settings } from '../config/settings.js';

const windowMs = 60_000;
const mostAddresses = 10_000;

interface Failures {
  count: number;
  since: number;
}

/**
 * Counts failed authentications by address, in windows of a minute. It never stands in the way of a valid token, so that nobody
 * can lock out the others behind an address. Its memory is bounded: the address that came first makes room.
 */
@Injectable()
export class FailureThrottle {
  private readonly failures = new Map<string, Failures>();

  constructor(@Inject(settings.KEY) private readonly settings: Pick<Settings, 'authFailuresPerMinute'>) {}

  /**
   * Notes a failure.
   * @returns undefined, or, where there were too many, how many of this window that makes and when it ends
   */
  fail(address: string, now = performance.now()): { count: number; retryAfterSeconds: number } | undefined {
    const key = networkOf(address);
    const present = this.failures.get(key);
    const failures = present && now - present.since < windowMs ? present : { count: 0, since: now };
    failures.count++;
    if (failures !== present) this.remember(key, failures);
    if (failures.count <= this.settings.authFailuresPerMinute) return undefined;
    return { count: failures.count, retryAfterSeconds: Math.ceil((failures.since + windowMs - now) / 1000) };
  }

  private remember(key: string, failures: Failures): void {
    // A Map iterates in the order of insertion: the first one has the oldest window.
    this.failures.delete(key);
    const [oldest] = this.failures.keys();
    if (this.failures.size >= mostAddresses && oldest !== undefined) this.failures.delete(oldest);
    this.failures.set(key, failures);
  }
}

/** An IPv6 host has a /64 of addresses to choose from: they count as one. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) {
    const rest = tail.split(':').filter((group) => group !== '');
    while (groups.length + rest.length < 8) groups.push('0');
    groups.push(...rest);
  }
  return groups.slice(0, 4).join(':');
}
