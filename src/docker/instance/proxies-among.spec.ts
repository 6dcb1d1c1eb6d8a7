import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { hostNetwork, leadsToContainer, networkLedTo, proxiesAmong, proxiesOnNetwork } from './proxies-among.js';

const proxy = containerInspect({
  Id: 'a'.repeat(64),
  Name: '/socket-proxy',
  HostConfig: { PortBindings: { '2375/tcp': [{ HostIp: '127.0.0.1', HostPort: '12375' }] } },
  NetworkSettings: {
    Networks: { internal: { Aliases: ['engine'], DNSNames: ['dns'], IPAddress: '172.20.0.5' } },
    Ports: { '2376/tcp': [{ HostIp: '127.0.0.1', HostPort: '32768' }] },
  },
});
const web = containerInspect({ Id: 'b'.repeat(64), NetworkSettings: { Networks: { internal: { IPAddress: '' } } } });

describe('proxiesAmong', () => {
  it.each([
    ['its name', 'socket-proxy', 2375, []],
    ['an alias', 'engine', 2375, []],
    ['a name that the engine resolves', 'dns', 2375, []],
    ['its address', 'proxy.example', 2375, ['172.20.0.5']],
    ['a port that it publishes', '127.0.0.1', 12375, ['127.0.0.1']],
    ['a port that the engine chose', '127.0.0.1', 32768, ['127.0.0.1']],
  ])('knows it by %s', (_, host, port, addresses) => {
    expect(proxiesAmong([web, proxy], { host, port }, addresses)).toEqual([proxy]);
  });

  it('takes no other container for one', () => {
    expect(proxiesAmong([web, proxy], { host: 'engine.example', port: 2375 }, ['192.0.2.1'])).toEqual([]);
  });
});

const socket = [{ Type: 'bind', Source: '/var/run/docker.sock', Destination: '/s.sock', RW: true }];
const pod = containerInspect({
  Id: '1'.repeat(64),
  NetworkSettings: { Networks: { internal: { Gateway: '172.20.0.1' } } },
});
const inPod = (id: string, NetworkMode: string): ReturnType<typeof containerInspect> =>
  containerInspect({ Id: id.repeat(64), HostConfig: { NetworkMode }, Mounts: socket });
const first = inPod('2', `container:${pod.Id}`);
const nested = inPod('3', `container:${first.Id}`);
const onHost = inPod('4', 'host');
const withoutSocket = containerInspect({ Id: '5'.repeat(64), HostConfig: { NetworkMode: 'host' } });
const elsewhere = inPod('6', 'bridge');
const all = [pod, first, nested, onHost, withoutSocket, elsewhere];

describe('a proxy without a name, an address or a port of its own', () => {
  it('is looked for on the network of the service, or on the host', () => {
    expect(networkLedTo(['127.0.0.1'], undefined)).toBe(hostNetwork);
    expect(networkLedTo(['::1'], onHost)).toBe(hostNetwork);
    expect(networkLedTo(['127.0.0.1'], pod)).toBe(pod.Id);
    expect(networkLedTo(['172.20.0.1'], pod)).toBe(hostNetwork);
    expect(networkLedTo(['172.20.0.9'], pod)).toBeUndefined();
  });

  it('shares that network, itself or through another one, and has the socket of an engine', () => {
    expect(proxiesOnNetwork(all, pod.Id)).toEqual([first, nested]);
    expect(proxiesOnNetwork([nested, first], pod.Id)).toEqual([nested, first]);
    expect(proxiesOnNetwork(all, hostNetwork)).toEqual([onHost]);
  });

  it('is nowhere if the address is of another container', () => {
    const summary = { Id: 'a', Names: [], Image: 'a', ImageID: 'a' };
    const published = { ...summary, Ports: [{}, { PublicPort: 2375 }] };
    const attached = { ...summary, NetworkSettings: { Networks: { internal: { IPAddress: '172.20.0.5' } } } };
    expect(leadsToContainer([summary, published], { port: 2375 }, ['127.0.0.1'])).toBe(true);
    expect(leadsToContainer([attached], { port: 2375 }, ['172.20.0.5'])).toBe(true);
    expect(leadsToContainer([summary, published, attached], { port: 2376 }, ['127.0.0.1'])).toBe(false);
  });
});
