import { describe, expect, it } from '@jest/globals';
import { splitSysctls } from './sysctls.js';

describe('splitSysctls', () => {
  const sysctls = { 'net.ipv4.conf.eth0.forwarding': '1', 'net.ipv6.neigh.eth0.x': '2', 'net.ipv4.conf.eth1.x': '3' };

  it('moves those of eth0 since API 1.48', () => {
    expect(splitSysctls(sysctls, '1.48')).toEqual({
      ofContainer: { 'net.ipv4.conf.eth1.x': '3' },
      ofEndpoint: 'net.ipv4.conf.IFNAME.forwarding=1,net.ipv6.neigh.IFNAME.x=2',
    });
  });

  it('leaves them before, and where there are none', () => {
    expect(splitSysctls(sysctls, '1.47')).toEqual({ ofContainer: sysctls });
    expect(splitSysctls({ 'net.core.somaxconn': '1' }, '1.51')).toEqual({ ofContainer: { 'net.core.somaxconn': '1' } });
    expect(splitSysctls(undefined, '1.51')).toEqual({ ofContainer: undefined });
  });
});
