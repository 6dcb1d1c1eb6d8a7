import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { EndpointSettings } from '../engine/engine-types.js';
import { exclusive, type StartFirstContext } from './start-first-check.js';

const alone: StartFirstContext = { sharesVolumes: false, isSwarmActive: false, dependents: [] };
const onNetwork = (endpoint: EndpointSettings) => ({ NetworkSettings: { Networks: { front: endpoint } } });

describe('exclusive', () => {
  it('is nothing of a container that is reached by its names alone', () => {
    const container = containerInspect({
      Config: { Hostname: 'a'.repeat(12) },
      HostConfig: { NetworkMode: 'front', PortBindings: {}, Devices: [], DeviceRequests: null },
      Mounts: [
        { Type: 'bind', Destination: '/etc/app.conf', RW: false },
        { Type: 'tmpfs', Destination: '/tmp', RW: true },
      ],
      ...onNetwork({ Aliases: ['web'], IPAMConfig: {}, IPAddress: '10.0.0.2' }),
    });
    expect(exclusive(container, alone)).toBeUndefined();
  });

  it.each([
    ['a published port', { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } } }, '80/tcp'],
    ['published ports', { HostConfig: { PublishAllPorts: true } }, 'published'],
    ["the host's network", { HostConfig: { NetworkMode: 'host' } }, 'network'],
    ["another container's network", { HostConfig: { NetworkMode: 'container:x' } }, 'another container'],
    ['a hostname', { Config: { Hostname: 'web' } }, 'hostname'],
    ['a MAC address', { Config: { MacAddress: '02:42:00:00:00:01' } }, 'MAC'],
    ['an address', onNetwork({ IPAMConfig: { IPv4Address: '10.0.0.9' } }), 'network front'],
    ['settings of eth0', { HostConfig: { Sysctls: { 'net.ipv4.conf.eth0.forwarding': '1' } } }, 'interface'],
    ['a device', { HostConfig: { Devices: [{ PathOnHost: '/dev/ttyUSB0' }] } }, 'devices'],
    ['a GPU', { HostConfig: { DeviceRequests: [{ Count: -1 }] } }, 'devices'],
    ['a volume', { Mounts: [{ Type: 'volume', Destination: '/data', RW: true }] }, '/data'],
    ['a bind', { Mounts: [{ Type: 'bind', Destination: '/srv', RW: true }] }, 'share-volumes=true'],
  ])('is %s', (_, overrides, reason) => {
    expect(exclusive(containerInspect(overrides), alone)).toContain(reason);
  });

  it('is no volume that both may write to', () => {
    const container = containerInspect({ Mounts: [{ Type: 'volume', Destination: '/data', RW: true }] });
    expect(exclusive(container, { ...alone, sharesVolumes: true })).toBeUndefined();
  });

  it.each([
    [{ isSwarmActive: true }, 'Swarm'],
    [{ dependents: ['vpn-client'] }, 'vpn-client'],
  ])('is what surrounds it: %p', (surroundings, reason) => {
    expect(exclusive(containerInspect(), { ...alone, ...surroundings })).toContain(reason);
  });
});
