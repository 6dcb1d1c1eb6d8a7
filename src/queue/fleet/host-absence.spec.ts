import { describe, expect, it } from '@jest/globals';
import { HostAbsence } from './host-absence.js';
import type { AnnouncedHost } from './host-registry.js';

const live: AnnouncedHost = { host: 'live', isLive: true, announcement: 7, containers: {} };
const newer: AnnouncedHost = { ...live, host: 'newer', isLive: false };
const away: AnnouncedHost = { host: 'away', isLive: false, announcement: 0, awayMs: 5000, containers: {} };

describe('HostAbsence', () => {
  it('says of a host that is away how long the registry has not heard of it', () => {
    const look = new HostAbsence().look(['live', 'away', 'away'], [live, away], 1_000_000);
    expect([...look]).toEqual([['away', 5000]]);
  });

  it('takes a host for present whose announcement it cannot read', () => {
    expect([...new HostAbsence().look(['newer'], [newer], 0)]).toEqual([]);
  });

  it('counts from the first look when the registry does not know a host', () => {
    const absence = new HostAbsence();
    expect([...absence.look(['gone'], [live], 1000)]).toEqual([['gone', 0]]);
    expect([...absence.look(['gone'], [live], 4000)]).toEqual([['gone', 3000]]);
  });

  it('begins anew when a host was back meanwhile', () => {
    const absence = new HostAbsence();
    absence.look(['live'], [], 0);
    absence.look(['live'], [live], 1000);
    expect([...absence.look(['live'], [], 9000)]).toEqual([['live', 0]]);
  });
});
