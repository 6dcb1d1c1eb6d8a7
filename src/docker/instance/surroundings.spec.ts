import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { proxiesAmong, selfAmong } from './surroundings.js';

const proxy = containerInspect({
  Id: 'a'.repeat(64),
  Name: '/socket-proxy',
  HostConfig: { PortBindings: { '2375/tcp': [{ HostIp: '127.0.0.1', HostPort: '12375' }] } },
  NetworkSettings: { Networks: { internal: { Aliases: ['engine'], DNSNames: ['dns'], IPAddress: '172.20.0.5' } } },
});
const web = containerInspect({ Id: 'b'.repeat(64), NetworkSettings: { Networks: { internal: { IPAddress: '' } } } });

describe('proxiesAmong', () => {
  it.each([
    ['its name', 'socket-proxy', 2375, []],
    ['an alias', 'engine', 2375, []],
    ['a name that the engine resolves', 'dns', 2375, []],
    ['its address', 'proxy.example', 2375, ['172.20.0.5']],
    ['a port that it publishes', '127.0.0.1', 12375, ['127.0.0.1']],
  ])('knows it by %s', (_, host, port, addresses) => {
    expect(proxiesAmong([web, proxy], { host, port }, addresses)).toEqual([proxy]);
  });

  it('takes no other container for one', () => {
    expect(proxiesAmong([web, proxy], { host: 'engine.example', port: 2375 }, ['192.0.2.1'])).toEqual([]);
  });
});

describe('selfAmong', () => {
  const sharing = containerInspect({
    Id: 'c'.repeat(64),
    HostConfig: { NetworkMode: `container:${web.Id}` },
    GraphDriver: { Data: { UpperDir: '/o2/1/diff' } },
  });

  it('is the owner of the network, unless the root file system is that of one that shares it', () => {
    const own = { networkOwnerId: web.Id, upperFolder: '/o2/1/diff' };
    expect(selfAmong([proxy, web], own)).toBe(web);
    expect(selfAmong([proxy, web, sharing], own)).toBe(sharing);
    expect(selfAmong([proxy, web, sharing], { ...own, upperFolder: '/o2/2/diff' })).toBe(web);
    expect(selfAmong([proxy, web, sharing], undefined)).toBeUndefined();
  });
});
