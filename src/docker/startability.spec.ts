import { describe, expect, it } from '@jest/globals';
import { hostPaths } from './startability.js';

describe('hostPaths', () => {
  it('are the sources of binds and the devices, each once, and no volumes', () => {
    expect(
      hostPaths({
        Binds: ['/etc/app:/app:ro', 'data:/data', '/etc/app:/again'],
        Mounts: [
          { Type: 'bind', Source: '/srv', Target: '/srv' },
          { Type: 'volume', Source: '/never', Target: '/v' },
        ],
        Devices: [{ PathOnHost: '/dev/snd', PathInContainer: '/dev/snd', CgroupPermissions: 'rwm' }],
      }),
    ).toEqual(['/etc/app', '/srv', '/dev/snd']);
    expect(hostPaths({})).toEqual([]);
  });
});
