import { describe, expect, it } from '@jest/globals';
import type { AnnouncedHost } from './host-registry.js';
import { Ambiguous } from '../queue.service.js';
import { targetsOf } from './targets.js';

const hosts: AnnouncedHost[] = [
  {
    host: 'a',
    isLive: true,
    announcement: 1,
    containers: { web: 'docker.io/library/web', tool: 'docker.io/library/one' },
  },
  { host: 'b', isLive: false, announcement: 0, containers: { web: 'docker.io/library/web' } },
  { host: 'c', isLive: true, announcement: 1, containers: { tool: 'docker.io/library/other' } },
];

describe('targetsOf', () => {
  it('is every host that has the container, also one that is away', () => {
    expect(targetsOf('web', hosts)).toEqual({ hosts: ['a', 'b'] });
  });

  it('is the one that was asked for', () => {
    expect(targetsOf('web', hosts, 'b')).toEqual({ hosts: ['b'] });
    expect(targetsOf('tool', hosts, 'c')).toEqual({ hosts: ['c'] });
  });

  it('refuses a name that means different things, and says where', () => {
    expect(() => targetsOf('tool', hosts)).toThrow(Ambiguous);
    expect(() => targetsOf('tool', hosts)).toThrow(/a \(docker\.io\/library\/one\), c \(docker\.io\/library\/other\)/);
  });

  it('says which hosts are there, where none has it', () => {
    expect(targetsOf('constructor', hosts)).toEqual({
      code: 'no_such_container',
      message: 'no host has a container constructor; the hosts that are there: a, c',
    });
    expect(targetsOf('web', hosts, 'c')).toMatchObject({ code: 'no_such_container' });
    expect(targetsOf('web', hosts, 'd')).toMatchObject({ code: 'no_such_host' });
    expect(targetsOf('web', [])).toHaveProperty('message', expect.stringContaining('no host is there'));
  });
});
