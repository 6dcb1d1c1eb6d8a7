import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../../test/support/fixtures/containers.js';
import { defaultMaskedPaths } from '../../../../test/support/engine/engine-model.js';
import type { ContainerInspect, EndpointSettings } from '../../engine/engine-types.js';
import { compareReplacement } from './compare-replacement.js';

const oldImage = {
  Config: {
    Env: ['PATH=/bin'],
    Cmd: ['theirs'],
    Labels: { version: '1' },
    User: 'node',
    ExposedPorts: { '80/tcp': {} },
  },
};
const shortId = 'a'.repeat(12);

/** With something set in every place. */
const old = containerInspect({
  Config: {
    Image: 'app:1',
    Env: ['A=secret', 'PATH=/bin'],
    Entrypoint: ['/mine'],
    Cmd: ['x'],
    Labels: {
      mine: '',
      version: '1',
      'com.docker.compose.image': 'sha256:old',
      'trigger-docker-pull.previous': 'sha256:older',
    },
    Healthcheck: { Test: ['CMD', 'x'], Interval: 5 },
    ExposedPorts: { '80/tcp': {}, '81/tcp': {} },
    User: 'me',
    WorkingDir: '/mine',
    StopSignal: 'SIGUSR1',
    StopTimeout: 3,
    Tty: true,
    Hostname: 'mine',
    Domainname: 'example.org',
    MacAddress: '92:d0:c6:0a:29:33',
    OfTheFuture: 'x',
  },
  HostConfig: {
    NetworkMode: 'net1',
    RestartPolicy: { Name: 'always' },
    Binds: ['data:/data:ro'],
    Mounts: [{ Type: 'volume', Target: '/made', VolumeOptions: { Labels: { a: 'b' } } }],
    PortBindings: { '81/tcp': [{ HostIp: '127.0.0.1', HostPort: '8081' }] },
    Links: ['/db:/web/database'],
    Sysctls: { 'net.ipv4.conf.eth0.forwarding': '1' },
    ReadonlyPaths: [],
    MaskedPaths: defaultMaskedPaths,
    Memory: 64,
    CapAdd: ['NET_ADMIN'],
    OfTheFuture: 1,
    KernelMemory: 5,
  },
  Mounts: [
    { Type: 'volume', Name: 'data', Destination: '/data', RW: false },
    { Type: 'volume', Name: 'made', Destination: '/made', RW: true },
    { Type: 'bind', Source: '/srv', Destination: '/srv', RW: true },
  ],
  NetworkSettings: {
    Networks: {
      net1: {
        Aliases: ['web', shortId],
        IPAMConfig: { IPv4Address: '10.0.0.5' },
        DriverOpts: { a: 'b' },
        IPAddress: '10.0.0.5',
      },
      net2: { Links: ['db:d'], GwPriority: 5, IPAMConfig: {} },
    },
  },
});

/** As it should come out, with another image's defaults and in another engine's handwriting. */
function faithful(): ContainerInspect {
  const created = copyOf(old);
  created.Id = 'b'.repeat(64);
  created.Config = {
    ...created.Config,
    Env: ['A=secret', 'PATH=/sbin', 'NEW=1'],
    Labels: {
      mine: '',
      version: '2',
      'com.docker.compose.image': 'sha256:new',
      'trigger-docker-pull.previous': 'sha256:old',
    },
    ExposedPorts: { '81/tcp': {}, '8080/tcp': {} },
  };
  created.HostConfig = {
    ...created.HostConfig,
    Mounts: [
      {
        Type: 'volume',
        Source: 'made',
        Target: '/made',
        ReadOnly: false,
        VolumeOptions: { Labels: { a: 'b' }, NoCopy: true },
      },
    ],
    Links: ['/db:/web-upd-new-aaaaaaaaaaaa/database'],
    Sysctls: {},
    MaskedPaths: [...defaultMaskedPaths, '/proc/interrupts'],
    Runtime: 'runc',
    Dns: [],
  };
  created.Mounts.push({ Type: 'volume', Name: 'new', Destination: '/new', RW: true });
  created.NetworkSettings.Networks = {
    net1: {
      Aliases: ['web'],
      IPAMConfig: { IPv4Address: '10.0.0.5', IPv6Address: '' },
      DriverOpts: { a: 'b', 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.forwarding=1' },
    },
    net2: { Links: ['db:d'], GwPriority: 5, Aliases: null, IPAMConfig: null },
  };
  return created;
}

/** Not structuredClone, whose lists belong to another realm here and equal none of ours. */
function copyOf(container: ContainerInspect): ContainerInspect {
  return JSON.parse(JSON.stringify(container)) as ContainerInspect;
}

describe('compareReplacement', () => {
  it('finds nothing where only the image and the engine differ', () => {
    expect(compareReplacement(old, oldImage, faithful())).toEqual({ lost: [], warnings: [] });
  });

  it.each<[string, (created: ContainerInspect) => void]>([
    ['the environment variable A', ({ Config }) => (Config.Env = ['PATH=/bin'])],
    ['the environment variable A', ({ Config }) => (Config.Env = ['A=secret', 'A=other'])],
    ['the entrypoint', ({ Config }) => (Config.Entrypoint = null)],
    ['the command', ({ Config }) => (Config.Cmd = ['theirs'])],
    ['the label mine', ({ Config }) => (Config.Labels = {})],
    ["the health check's Interval", ({ Config }) => (Config.Healthcheck = { Test: ['CMD', 'x'] })],
    ['the port 81/tcp', ({ Config }) => (Config.ExposedPorts = {})],
    ['User', ({ Config }) => (Config.User = '')],
    ['WorkingDir', ({ Config }) => (Config.WorkingDir = '/')],
    ['StopSignal', ({ Config }) => delete Config.StopSignal],
    ['StopTimeout', ({ Config }) => (Config.StopTimeout = null)],
    ['Tty', ({ Config }) => (Config.Tty = false)],
    ['the hostname', ({ Config }) => (Config.Hostname = 'b'.repeat(12))],
    ['the domain name', ({ Config }) => (Config.Domainname = '')],
    ['the MAC address', ({ Config }) => (Config.MacAddress = '')],
    ['HostConfig.RestartPolicy', ({ HostConfig }) => (HostConfig.RestartPolicy = { Name: 'no', MaximumRetryCount: 0 })],
    [
      'HostConfig.PortBindings',
      ({ HostConfig }) => (HostConfig.PortBindings = { '81/tcp': [{ HostIp: '', HostPort: '8081' }] }),
    ],
    ['HostConfig.Links', ({ HostConfig }) => (HostConfig.Links = null)],
    ['HostConfig.ReadonlyPaths', ({ HostConfig }) => (HostConfig.ReadonlyPaths = ['/proc/sys'])],
    ['HostConfig.Memory', ({ HostConfig }) => (HostConfig.Memory = 0)],
    ['HostConfig.CapAdd', ({ HostConfig }) => (HostConfig.CapAdd = null)],
    ['HostConfig.NetworkMode', ({ HostConfig }) => (HostConfig.NetworkMode = 'bridge')],
    ['the mount at /data', ({ HostConfig }) => (HostConfig.Binds = ['data:/data'])],
    [
      'the mount at /made',
      ({ HostConfig }) => (HostConfig.Mounts = [{ Type: 'volume', Source: 'made', Target: '/made' }]),
    ],
    [
      'the mount at /data',
      ({ Mounts }) => (Mounts[0] = { Type: 'volume', Name: 'data', Destination: '/data', RW: true }),
    ],
    [
      'the mount at /made',
      ({ Mounts }) => (Mounts[1] = { Type: 'volume', Name: 'other', Destination: '/made', RW: true }),
    ],
    ['the mount at /srv', ({ Mounts }) => Mounts.splice(2, 1)],
  ])('finds that %s is lost', (what, change) => {
    const created = faithful();
    change(created);
    expect(compareReplacement(old, oldImage, created).lost).toEqual([what]);
  });

  it.each<[string, Record<string, EndpointSettings | undefined>]>([
    ['the network net2', { net2: undefined }],
    ['its absence from the network net3', { net3: {} }],
    [
      'the alias web on the network net1',
      { net1: { ...faithful().NetworkSettings.Networks?.net1, Aliases: [shortId] } },
    ],
    ['the address on the network net1', { net1: { ...faithful().NetworkSettings.Networks?.net1, IPAMConfig: null } }],
    ['the links on the network net2', { net2: { GwPriority: 5 } }],
    ['the gateway priority on the network net2', { net2: { Links: ['db:d'], GwPriority: 0 } }],
  ])('finds that %s is lost', (what, networks) => {
    const created = faithful();
    const all = { ...created.NetworkSettings.Networks, ...networks };
    created.NetworkSettings.Networks = JSON.parse(JSON.stringify(all)) as Record<string, EndpointSettings>;
    expect(compareReplacement(old, oldImage, created).lost).toEqual([what]);
  });

  it('finds that a driver option or a setting of the interface is lost', () => {
    const created = faithful();
    created.NetworkSettings.Networks = {
      ...created.NetworkSettings.Networks,
      net1: { ...created.NetworkSettings.Networks?.net1, DriverOpts: {} },
    };
    expect(compareReplacement(old, oldImage, created).lost).toEqual([
      'HostConfig.Sysctls',
      'the driver option a on the network net1',
    ]);
  });

  it('only warns of fields that it does not know, and of limits that an engine may drop', () => {
    const created = faithful();
    delete created.Config.OfTheFuture;
    delete created.HostConfig.OfTheFuture;
    delete created.HostConfig.KernelMemory;
    const { lost, warnings } = compareReplacement(old, oldImage, created);
    expect(lost).toEqual([]);
    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual([
      'Config.OfTheFuture',
      'HostConfig.OfTheFuture',
      'HostConfig.KernelMemory',
    ]);
  });

  it('never tells a value', () => {
    const created = containerInspect({ Config: { Image: 'app:1' } });
    expect(JSON.stringify(compareReplacement(old, oldImage, created))).not.toContain('secret');
  });

  it('does not take an overlay’s address for a static one while the container runs', () => {
    const created = faithful();
    created.NetworkSettings.Networks = {
      ...created.NetworkSettings.Networks,
      net1: { ...created.NetworkSettings.Networks?.net1, IPAMConfig: null },
    };
    const swarmScopedNetworks = new Set(['net1']);
    expect(compareReplacement(old, oldImage, created, { swarmScopedNetworks }).lost).toEqual([]);
  });

  it('does not miss in another container’s network what only its owner has', () => {
    const shared = copyOf(old);
    shared.HostConfig.NetworkMode = `container:${'d'.repeat(64)}`;
    const created = copyOf(shared);
    Object.assign(created.Config, { Hostname: 'donor', Domainname: '', MacAddress: '', ExposedPorts: null });
    Object.assign(created.HostConfig, { PortBindings: null, Links: null });
    created.NetworkSettings = { Networks: {} };
    expect(compareReplacement(shared, oldImage, created).lost).toEqual([]);
  });

  it('treats `default` and `bridge` as one network mode, and an unset command of an empty entrypoint list as the image’s', () => {
    const before = containerInspect({
      HostConfig: { NetworkMode: 'default' },
      Config: { Image: 'a', Entrypoint: [], Cmd: ['theirs'] },
    });
    const after = containerInspect({
      HostConfig: { NetworkMode: 'bridge' },
      Config: { Image: 'a', Entrypoint: [], Cmd: ['new'] },
    });
    expect(compareReplacement(before, { Config: { Entrypoint: ['/e'], Cmd: ['theirs'] } }, after).lost).toEqual([]);
  });
});
