import type { AnnouncedHost } from './host-registry.js';

/**
 * How long hosts have been away. Only that ends what waits for one: how long it has waited itself says nothing of the host, which may
 * be back already.
 */
export class HostAbsence {
  /** Hosts of which the registry does not say how long they have been away: since when this process has missed them. */
  private readonly missedSince = new Map<string, number>();

  /**
   * Looks at the hosts of all that has not ended. Answers for each that is away for how long, in milliseconds; one that is not there
   * is there. A host that was forgotten is away from the moment in which this process sees that.
   * @param now milliseconds, of a clock that never goes back
   */
  look(hosts: Iterable<string>, announced: readonly AnnouncedHost[], now: number): Map<string, number> {
    const present = new Map(announced.map((each) => [each.host, each]));
    const away = new Map<string, number>();
    for (const host of new Set(hosts)) {
      const known = present.get(host);
      if (known && known.announcement > 0) continue;
      const since = this.missedSince.get(host) ?? now;
      away.set(host, known?.awayMs ?? now - since);
    }
    for (const host of this.missedSince.keys()) if (!away.has(host)) this.missedSince.delete(host);
    for (const host of away.keys()) if (!this.missedSince.has(host)) this.missedSince.set(host, now);
    return away;
  }
}
