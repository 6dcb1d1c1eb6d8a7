import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { imageFrom, userRequest } from '../../../test/support/engine/container-requests.js';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import {
  allDonors,
  createdBy,
  defaultMaskedPaths,
  defaultReadonlyPaths,
  engineHostname,
} from '../../../test/support/engine/engine-model.js';
import { containerSpec, type SpecInput } from './create-request.js';
import type { ContainerConfig, ContainerInspect, CreateRequest, ImageInspect } from '../engine/engine-types.js';
import { compareReplacement } from './verify/compare-replacement.js';

const shortId = 'a'.repeat(12);
const image = (Config: Partial<ContainerConfig> = {}, digit = '1'): ImageInspect => ({
  Id: `sha256:${digit.repeat(64)}`,
  Config,
});

function specOf(
  overrides: Parameters<typeof containerInspect>[0],
  {
    oldImage = {},
    ...input
  }: Partial<Omit<SpecInput, 'old' | 'oldImage'>> & { oldImage?: Partial<ContainerConfig> } = {},
) {
  return containerSpec({
    old: containerInspect(overrides),
    oldImage: image(oldImage),
    newImage: image({}, '2'),
    apiVersion: '1.51',
    ...input,
  });
}

function createOf(...args: Parameters<typeof specOf>): CreateRequest {
  return specOf(...args).create;
}

const onNetworks = (Networks: NonNullable<ContainerInspect['NetworkSettings']['Networks']>, NetworkMode = 'net1') => ({
  HostConfig: { NetworkMode },
  NetworkSettings: { Networks },
});

describe('containerSpec: the label keep-mac', () => {
  const mac = '92:d0:c6:0a:29:33';
  const macWith = (set: Record<string, string>, inherited: Record<string, string> = {}): unknown =>
    createOf(
      {
        ...onNetworks({ net1: {}, net2: { MacAddress: mac, IPAddress: '10.0.0.5' } }),
        Config: { Image: 'app:1', Labels: { ...inherited, ...set } },
      },
      { oldImage: { Labels: inherited } },
    ).NetworkingConfig?.EndpointsConfig?.net2?.MacAddress;

  it.each(['true', 'TRUE', 'yes', 'on', '1'])('keeps an address that looks generated, by %s', (text) => {
    expect(macWith({ 'trigger-docker-pull.keep-mac': text })).toBe(mac);
  });

  it('does not keep it by a no, or by a label of the image', () => {
    expect(macWith({})).toBeUndefined();
    expect(macWith({ 'trigger-docker-pull.keep-mac': 'off' })).toBeUndefined();
    expect(macWith({}, { 'trigger-docker-pull.keep-mac': 'true' })).toBeUndefined();
  });
});

describe('containerSpec: what the image had set is left to the new one', () => {
  it('containrrr/watchtower#1342: the old image’s default environment', () => {
    const Config = { Image: 'app:1', Env: ['A=mine', 'PATH=/bin', 'VERSION=1'] };
    expect(createOf({ Config }, { oldImage: { Env: ['PATH=/bin', 'VERSION=1'] } }).Env).toEqual(['A=mine']);
  });

  it('Quenary/tugtainer#93: a variable of the user’s that equals the image’s default stays', () => {
    const Config = { Image: 'app:1', Env: ['VERSION=1', 'PATH=/bin'] };
    expect(createOf({ Config }, { oldImage: { Env: ['PATH=/bin', 'VERSION=1'] } }).Env).toEqual(['VERSION=1']);
  });

  it('containrrr/watchtower#418: a command equal to the image’s stays beside an entrypoint of the user’s', () => {
    const Config = { Image: 'app:1', Entrypoint: ['/mine'], Cmd: ['serve'] };
    const create = createOf({ Config }, { oldImage: { Entrypoint: ['/theirs'], Cmd: ['serve'] } });
    expect(create).toMatchObject({ Entrypoint: ['/mine'], Cmd: ['serve'] });
  });

  it('Finsys/dockhand#1371: the old image’s command and entrypoint', () => {
    const config = { Entrypoint: ['/old'], Cmd: ['old'] };
    const create = createOf({ Config: { Image: 'app:1', ...config } }, { oldImage: config });
    expect(create).not.toHaveProperty('Entrypoint');
    expect(create).not.toHaveProperty('Cmd');
  });

  it('Finsys/dockhand#1256, containrrr/watchtower#1854: labels of the old image, of which Compose’s own stay', () => {
    const inherited = { 'com.docker.compose.project': 'shop', version: '1', 'trigger-docker-pull.settle': '5s' };
    const Labels = { ...inherited, 'com.docker.compose.container-number': '1', mine: 'yes' };
    expect(createOf({ Config: { Image: 'app:1', Labels } }, { oldImage: { Labels: inherited } }).Labels).toEqual({
      'com.docker.compose.project': 'shop',
      'com.docker.compose.container-number': '1',
      mine: 'yes',
    });
  });

  it('remembers the image before it in a label of its own, in place of the one that the old container remembers', () => {
    const Labels = { mine: 'yes', 'trigger-docker-pull.previous': 'app@sha256:old' };
    const overrides = { Config: { Image: 'app:1', Labels } };
    expect(createOf(overrides, { previous: 'app@sha256:new' }).Labels).toEqual({
      mine: 'yes',
      'trigger-docker-pull.previous': 'app@sha256:new',
    });
    expect(createOf(overrides).Labels).toEqual(Labels);
  });

  it('working directory, user, stop signal, health check, ports, volumes; what the builder left behind', () => {
    const inherited: Partial<ContainerConfig> = {
      WorkingDir: '/app',
      User: 'node',
      StopSignal: 'SIGQUIT',
      Healthcheck: { Test: ['CMD', 'check'], Interval: 5, Retries: 3 },
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/data': {} },
      OnBuild: ['RUN true'],
      ArgsEscaped: true,
    };
    const create = createOf({ Config: { Image: 'app:1', ...inherited } }, { oldImage: inherited });
    expect(JSON.parse(JSON.stringify(create))).toEqual({
      Image: 'app:1',
      Env: [],
      Labels: {},
      ExposedPorts: {},
      Volumes: {},
      HostConfig: { RestartPolicy: { Name: 'no' } },
      NetworkingConfig: { EndpointsConfig: {} },
    });
  });

  it('carries everything over, and says so, where the old image is gone', () => {
    const old = containerInspect({ Config: { Image: 'app:1', Env: ['PATH=/bin'], User: 'node' } });
    const { create, warnings } = containerSpec({ old, newImage: image(), apiVersion: '1.51' });
    expect(create).toMatchObject({ Env: ['PATH=/bin'], User: 'node' });
    expect(warnings).toEqual([expect.stringContaining('image is gone')]);
  });
});

describe('containerSpec: what others know the container by', () => {
  it('portainer/portainer#9047: a hostname that is the old short id is not frozen', () => {
    expect(createOf({ Config: { Hostname: shortId } })).not.toHaveProperty('Hostname');
    expect(createOf({ Config: { Hostname: 'mine', Domainname: 'example.org' } })).toMatchObject({
      Hostname: 'mine',
      Domainname: 'example.org',
    });
  });

  it('nicholas-fedor/watchtower PR#1056: no hostname in the host’s UTS namespace', () => {
    expect(createOf({ Config: { Hostname: 'host' }, HostConfig: { UTSMode: 'host' } })).not.toHaveProperty('Hostname');
  });

  it('on the host’s network only a hostname that is not the host’s', () => {
    const HostConfig = { NetworkMode: 'host' };
    expect(createOf({ Config: { Hostname: 'mine' }, HostConfig }, { engineHostname: 'machine' }).Hostname).toBe('mine');
    const create = createOf({ Config: { Hostname: 'machine' }, HostConfig }, { engineHostname: 'machine' });
    expect(create).not.toHaveProperty('Hostname');
  });

  it('getwud/wud#131: nothing of a network that is another container’s', () => {
    const create = createOf({
      Config: {
        Hostname: 'donor',
        Domainname: 'example.org',
        ExposedPorts: { '80/tcp': {} },
        MacAddress: '02:42:01:02:03:04',
      },
      HostConfig: {
        NetworkMode: `container:${'d'.repeat(64)}`,
        PortBindings: {},
        PublishAllPorts: false,
        Dns: [],
        DnsOptions: [],
        DnsSearch: [],
        ExtraHosts: null,
        Links: null,
        CapAdd: ['NET_ADMIN'],
      },
    });
    expect(create.HostConfig).toEqual({
      RestartPolicy: { Name: 'no' },
      NetworkMode: `container:${'d'.repeat(64)}`,
      CapAdd: ['NET_ADMIN'],
    });
    for (const field of ['Hostname', 'Domainname', 'MacAddress']) expect(create).not.toHaveProperty(field);
    expect(create.ExposedPorts).toBeUndefined();
    expect(create.NetworkingConfig).toEqual({ EndpointsConfig: {} });
  });

  it.each([
    ['the image’s id', { Image: `sha256:${'1'.repeat(64)}` }, `sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`],
    ['the platform’s manifest', { ImageManifestDescriptor: { digest: 'sha256:mo' } }, 'sha256:mo', 'sha256:mn'],
    ['something else', {}, 'sha256:else', 'sha256:else'],
  ])('containrrr/watchtower#1989: Compose’s record of the image, which is %s', (_, container, recorded, expected) => {
    const Labels = { 'com.docker.compose.image': recorded, 'com.docker.compose.config-hash': 'abc' };
    const Manifests = [
      { ID: 'sha256:attestation', Kind: 'attestation', Available: true },
      { ID: 'sha256:mn', Kind: 'image', Available: true },
    ];
    const create = createOf({ ...container, Config: { Labels } }, { newImage: { ...image({}, '2'), Manifests } });
    expect(create.Labels).toEqual({ ...Labels, 'com.docker.compose.image': expected });
  });
});

describe('containerSpec: networks', () => {
  it('containrrr/watchtower#1723: aliases stay, and do not collect dead ids', () => {
    const { create } = specOf(onNetworks({ net1: { Aliases: ['web', 'shop-web-1', shortId] } }));
    expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ net1: { Aliases: ['web', 'shop-web-1'] } });
  });

  it('Finsys/dockhand#204: a service’s alias stays on each network', () => {
    const { create } = specOf(onNetworks({ net1: { Aliases: ['db'] }, net2: { Aliases: ['db'] } }));
    expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ net1: { Aliases: ['db'] }, net2: { Aliases: ['db'] } });
  });

  it('containrrr/watchtower#78: static addresses stay', () => {
    const IPAMConfig = { IPv4Address: '10.0.0.5', IPv6Address: 'fd00::5', LinkLocalIPs: ['169.254.1.1'] };
    const { create } = specOf(onNetworks({ net1: { IPAMConfig, IPAddress: '10.0.0.5' } }));
    expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ net1: { IPAMConfig } });
  });

  it('containrrr/watchtower#1912: an address that was given out is not made a static one', () => {
    for (const IPAMConfig of [null, {}]) {
      const { create } = specOf(
        onNetworks({ net1: { IPAMConfig, IPAddress: '10.0.0.5', NetworkID: 'x', Gateway: 'y' } }),
      );
      expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ net1: {} });
    }
  });

  it('an overlay’s address is not taken for a static one while the container runs', () => {
    const networks = onNetworks({ net1: { IPAMConfig: { IPv4Address: '10.0.0.5' } } });
    const swarmScopedNetworks = new Set(['net1']);
    const running = specOf(networks, { swarmScopedNetworks });
    expect(running.create.NetworkingConfig?.EndpointsConfig).toEqual({ net1: {} });
    expect(running.undecided).toEqual([{ network: 'net1', endpoint: {} }]);
    const stopped = specOf({ ...networks, State: { Running: false, Status: 'exited' } }, { swarmScopedNetworks });
    expect(stopped.create.NetworkingConfig?.EndpointsConfig).toMatchObject({ net1: { IPAMConfig: {} } });
    expect(stopped.undecided).toEqual([]);
  });

  it.each(['bridge', 'default'])('containrrr/watchtower#1906: no alias on the default bridge (%s)', (mode) => {
    const { create } = specOf(
      onNetworks({ bridge: { Aliases: ['web'], IPAMConfig: { IPv4Address: '172.17.0.9' } } }, mode),
    );
    expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ bridge: {} });
  });

  it.each(['host', 'none', 'container:abc'])('nicholas-fedor/watchtower#160: no endpoint with %s', (mode) => {
    const { create, ...rest } = specOf(onNetworks({ [mode]: { Aliases: ['web'] } }, mode));
    expect(create.NetworkingConfig).toEqual({ EndpointsConfig: {} });
    expect(rest).toEqual({ connections: [], disconnections: [], undecided: [], warnings: [] });
  });

  it('Quenary/tugtainer#225: links and driver options stay, and the gateway’s priority', () => {
    const endpoint = { Links: ['db:database'], DriverOpts: { a: 'b' }, GwPriority: 7 };
    const { create } = specOf(onNetworks({ net1: endpoint }));
    expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ net1: endpoint });
  });

  describe('portainer/portainer#1491: several networks', () => {
    const networks = { net2: { Aliases: ['two'] }, net1: { Aliases: ['one'], NetworkID: 'c'.repeat(64) } };

    it('in one request since API 1.44', () => {
      const { create, connections } = specOf(onNetworks(networks));
      expect(Object.keys(create.NetworkingConfig?.EndpointsConfig ?? {})).toEqual(['net2', 'net1']);
      expect(connections).toEqual([]);
    });

    it.each(['net1', 'c'.repeat(64), 'c'.repeat(12)])(
      'one by one before, beginning with that of the mode %s',
      (mode) => {
        const { create, connections } = specOf(onNetworks(networks, mode), { apiVersion: '1.43' });
        expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ net1: { Aliases: ['one'] } });
        expect(connections).toEqual([{ network: 'net2', endpoint: { Aliases: ['two'] } }]);
      },
    );

    it('without that of the mode, which the container had left', () => {
      const { create, connections } = specOf(onNetworks(networks, 'left'), { apiVersion: '1.41' });
      expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ net2: { Aliases: ['two'] } });
      expect(connections).toEqual([{ network: 'net1', endpoint: { Aliases: ['one'] } }]);
    });

    it.each([
      ['net1', 'net1'],
      ['default', 'bridge'],
    ])('none at all: leaves that of the mode %s again', (mode, network) => {
      expect(specOf(onNetworks({}, mode))).toMatchObject({ connections: [], disconnections: [network] });
      const disabled = { ...onNetworks({}, mode), Config: { NetworkDisabled: true } };
      expect(specOf(disabled)).toMatchObject({ connections: [], disconnections: [] });
    });
  });

  describe('MAC addresses', () => {
    const set = '92:d0:c6:0a:29:33';

    it('containrrr/watchtower#1941: one that was set stays, at the endpoint since API 1.44', () => {
      const old = { ...onNetworks({ net1: { MacAddress: set } }), Config: { MacAddress: set } };
      const since = createOf(old);
      expect(since.NetworkingConfig?.EndpointsConfig).toEqual({ net1: { MacAddress: set } });
      expect(since).not.toHaveProperty('MacAddress');
      const before = createOf(old, { apiVersion: '1.43' });
      expect(before).toMatchObject({ MacAddress: set, NetworkingConfig: { EndpointsConfig: { net1: {} } } });
    });

    it('nicholas-fedor/watchtower#2104: one that the engine made is not pinned', () => {
      const made = { MacAddress: '02:42:0a:00:00:05', IPAddress: '10.0.0.5' };
      for (const Config of [{}, { MacAddress: made.MacAddress }]) {
        const { create } = specOf({ ...onNetworks({ net1: made, net2: made }), Config }, { apiVersion: '1.44' });
        expect(create.NetworkingConfig?.EndpointsConfig).toEqual({ net1: {}, net2: {} });
      }
    });

    it('is not sent with the host’s network', () => {
      const old = { Config: { MacAddress: set }, HostConfig: { NetworkMode: 'host' } };
      expect(createOf(old, { apiVersion: '1.41' })).not.toHaveProperty('MacAddress');
    });
  });

  it('moves the first interface’s settings to its endpoint since API 1.48', () => {
    const Sysctls = { 'net.ipv4.conf.eth0.forwarding': '1', 'net.core.somaxconn': '77' };
    const old = { ...onNetworks({ net1: {}, net2: {} }), HostConfig: { NetworkMode: 'net1', Sysctls } };
    expect(createOf(old, { apiVersion: '1.47' }).HostConfig?.Sysctls).toEqual(Sysctls);
    const create = createOf(old, { apiVersion: '1.48' });
    expect(create.HostConfig?.Sysctls).toEqual({ 'net.core.somaxconn': '77' });
    expect(create.NetworkingConfig?.EndpointsConfig).toEqual({
      net1: { DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.forwarding=1' } },
      net2: {},
    });
  });
});

describe('containerSpec: mounts and the host configuration', () => {
  it('liquidguru/docker-updater#11: what was mounted by `--mount` stays as it was written', () => {
    const Mounts = [
      { Type: 'volume', Source: 'data', Target: '/data', VolumeOptions: { Subpath: 'sub' } },
      { Type: 'bind', Source: '/srv', Target: '/srv', BindOptions: { Propagation: 'rslave' } },
      { Type: 'tmpfs', Target: '/run', TmpfsOptions: { SizeBytes: 1 } },
    ];
    const points = [{ Type: 'volume', Name: 'data', Destination: '/data', RW: true }];
    expect(createOf({ HostConfig: { Mounts }, Mounts: points }).HostConfig?.Mounts).toEqual(Mounts);
  });

  it('docker-archive/compose-cli#1815: an anonymous volume keeps its data, without being filled from the new image', () => {
    const create = createOf(
      {
        Config: { Volumes: { '/theirs': {}, '/mine': {} } },
        Mounts: [
          { Type: 'volume', Name: 'v1', Destination: '/theirs', RW: true },
          { Type: 'volume', Name: 'v2', Destination: '/mine', RW: false },
        ],
      },
      { oldImage: { Volumes: { '/theirs': {} } } },
    );
    expect(create.HostConfig?.Mounts).toEqual([
      { Type: 'volume', Source: 'v1', Target: '/theirs', VolumeOptions: { NoCopy: true } },
      { Type: 'volume', Source: 'v2', Target: '/mine', ReadOnly: true, VolumeOptions: { NoCopy: true } },
    ]);
    expect(create.Volumes).toEqual({});
  });

  it('Finsys/dockhand#267: a tmpfs over a volume of the image stays a tmpfs', () => {
    const create = createOf(
      { Config: { Volumes: { '/data': {} } }, HostConfig: { Tmpfs: { '/data': 'size=1m' } } },
      { oldImage: { Volumes: { '/data': {} } } },
    );
    expect(create).toMatchObject({ Volumes: {}, HostConfig: { Tmpfs: { '/data': 'size=1m' } } });
    expect(create.HostConfig?.Mounts).toBeUndefined();
  });

  it('nicholas-fedor/watchtower#2404: what came from a container that is gone is mounted directly', () => {
    const donor = containerInspect({
      Id: 'd'.repeat(64),
      Name: '/donor',
      Mounts: [{ Type: 'volume', Name: 'shared', Destination: '/shared', RW: true }],
    });
    const create = createOf(
      {
        HostConfig: { VolumesFrom: ['donor:ro', 'gone'] },
        Mounts: [
          { Type: 'volume', Name: 'shared', Destination: '/shared', RW: false },
          { Type: 'volume', Name: 'orphan', Destination: '/orphan', RW: true },
          { Type: 'bind', Source: '/srv', Destination: '/srv', RW: false, Propagation: 'rprivate' },
        ],
      },
      { donors: [donor] },
    );
    expect(create.HostConfig).toMatchObject({
      VolumesFrom: ['donor:ro'],
      Mounts: [
        { Type: 'volume', Source: 'orphan', Target: '/orphan', VolumeOptions: { NoCopy: true } },
        { Type: 'bind', Source: '/srv', Target: '/srv', ReadOnly: true, BindOptions: { Propagation: 'rprivate' } },
      ],
    });
  });

  it('amayer1983/docksentry#27, Finsys/dockhand#390: every other field stays, known or not', () => {
    const HostConfig = {
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      CapAdd: ['NET_ADMIN'],
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'r' }],
      DeviceRequests: [{ Driver: 'nvidia', Count: -1, DeviceIDs: null, Capabilities: [['gpu']], Options: {} }],
      Memory: 64,
      MemorySwap: 128,
      Links: ['/db:/web/database'],
      OfTheFuture: { a: [1] },
    };
    const create = createOf({
      Config: { Tty: true, OfTheFuture: 'x' },
      HostConfig: { ...HostConfig, ContainerIDFile: '/id' },
    });
    expect(create.HostConfig).toEqual(HostConfig);
    expect(create).toMatchObject({ Tty: true, OfTheFuture: 'x' });
  });

  it('Quenary/tugtainer PR#125: bindings stay whole, and are exposed though the image no longer does it', () => {
    const PortBindings = {
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
      '81/udp': [{ HostIp: '', HostPort: '' }],
    };
    const create = createOf(
      { Config: { ExposedPorts: { '80/tcp': {}, '81/udp': {}, '99/tcp': {} } }, HostConfig: { PortBindings } },
      { oldImage: { ExposedPorts: { '80/tcp': {} } } },
    );
    expect(create.HostConfig?.PortBindings).toEqual(PortBindings);
    expect(create.ExposedPorts).toEqual({ '80/tcp': {}, '81/udp': {}, '99/tcp': {} });
  });

  it('the engine’s list of masked paths is left to the engine, the user’s stays', () => {
    const defaults = { MaskedPaths: [...defaultMaskedPaths, '/proc/interrupts'], ReadonlyPaths: defaultReadonlyPaths };
    expect(createOf({ HostConfig: defaults }).HostConfig).toEqual({ RestartPolicy: { Name: 'no' } });
    const own = { MaskedPaths: [], ReadonlyPaths: ['/proc/sys'] };
    expect(createOf({ HostConfig: own }).HostConfig).toMatchObject(own);
  });
});

describe('containerSpec: properties', () => {
  /** Inspect shows the same for an emptied entrypoint and for none, where the image has none to be emptied. */
  const hasEntrypoints = (user: CreateRequest, ...images: ImageInspect[]): boolean =>
    user.Entrypoint?.[0] !== '' || images.every(({ Config }) => Config?.Entrypoint);
  const versions = fc.constantFrom('1.41', '1.44', '1.51');
  const idOf = (digit: string): string => digit.repeat(64);
  /** The donor that may vanish is gone when a container is made anew. */
  const donors = allDonors.slice(0, 1);
  const circumstances = { donors, engineHostname };
  const recreate = (
    old: ContainerInspect,
    oldImage: ImageInspect,
    newImage: ImageInspect,
    apiVersion: string,
    id: string,
    isStarted = false,
  ) => {
    const spec = containerSpec({ old, oldImage, newImage, apiVersion, ...circumstances });
    const { connections } = spec;
    return { ...spec, created: createdBy(spec.create, newImage, { id, apiVersion, connections, donors, isStarted }) };
  };
  const withoutNewVolumes = (create: CreateRequest, id: string): unknown => {
    const Mounts = create.HostConfig?.Mounts?.filter(({ Source }) => !Source?.startsWith(`made-${id.slice(0, 6)}`));
    return JSON.parse(JSON.stringify({ ...create, HostConfig: { ...create.HostConfig, Mounts } }));
  };

  it('a second recreation asks for what the first asked for', () => {
    fc.assert(
      fc.property(
        userRequest,
        imageFrom('old', '1', 200),
        imageFrom('new', '2', 300),
        versions,
        fc.boolean(),
        (user, oldImage, newImage, apiVersion, isStarted) => {
          fc.pre(hasEntrypoints(user, oldImage, newImage));
          const old = createdBy(user, oldImage, { id: idOf('a'), apiVersion, isStarted });
          const first = recreate(old, oldImage, newImage, apiVersion, idOf('b'), isStarted);
          const second = containerSpec({
            old: first.created,
            oldImage: newImage,
            newImage,
            apiVersion,
            ...circumstances,
          });
          expect(withoutNewVolumes(second.create, idOf('b'))).toEqual(withoutNewVolumes(first.create, idOf('b')));
          expect(second.connections).toEqual(first.connections);
        },
      ),
    );
  });

  it('no value of the user’s is lost, and the comparison agrees', () => {
    fc.assert(
      fc.property(
        userRequest,
        imageFrom('old', '1', 200),
        imageFrom('new', '2', 300),
        versions,
        fc.boolean(),
        (user, oldImage, newImage, apiVersion, isStarted) => {
          fc.pre(hasEntrypoints(user, oldImage));
          const old = createdBy(user, oldImage, { id: idOf('a'), apiVersion, isStarted });
          const { created } = recreate(old, oldImage, newImage, apiVersion, idOf('b'));
          const { HostConfig, NetworkingConfig, Entrypoint, Volumes, Env, ...rest } = user;
          expect(created.Config).toMatchObject(JSON.parse(JSON.stringify(rest)) as object);
          expect(created.Config.Env).toEqual(expect.arrayContaining(Env ?? []));
          if (Entrypoint) expect(created.Config.Entrypoint ?? []).toEqual(Entrypoint.filter(Boolean));
          // Mounts are looked at below; a setting of the first interface may have become its endpoint's.
          const { Mounts, Sysctls, VolumesFrom, ...hostConfig } = HostConfig ?? {};
          expect(created.HostConfig).toMatchObject(JSON.parse(JSON.stringify(hostConfig)) as object);
          const settings = JSON.stringify([created.HostConfig.Sysctls, created.NetworkSettings.Networks]);
          for (const name of Object.keys(Sysctls ?? {}))
            expect(settings).toMatch(new RegExp(name.replace('eth0', '(eth0|IFNAME)')));
          const key = ({ Type, Name, Source, Destination, RW }: ContainerInspect['Mounts'][number]) => [
            Type,
            Name ?? Source,
            Destination,
            RW,
          ];
          expect(created.Mounts.map(key)).toEqual(expect.arrayContaining(old.Mounts.map(key)));
          expect(created.NetworkSettings.Networks).toMatchObject(networksOf(NetworkingConfig, apiVersion));
          expect(compareReplacement(old, oldImage, created)).toEqual({ lost: [], warnings: [] });
        },
      ),
    );
  });

  /** Older engines take the MAC address of the container alone. */
  const networksOf = (networking: CreateRequest['NetworkingConfig'], apiVersion: string): object =>
    Object.fromEntries(
      Object.entries(networking?.EndpointsConfig ?? {}).map(([network, { Aliases, MacAddress, ...endpoint }]) => [
        network,
        {
          ...endpoint,
          ...(MacAddress && apiVersion !== '1.41' ? { MacAddress } : {}),
          ...(Aliases ? { Aliases: expect.arrayContaining(Aliases) } : {}),
        },
      ]),
    );

  it('nothing that only the old image had set is asked for', () => {
    fc.assert(
      fc.property(
        userRequest,
        imageFrom('old', '1', 200),
        imageFrom('new', '2', 300),
        versions,
        fc.boolean(),
        (user, oldImage, newImage, apiVersion, isStarted) => {
          const old = createdBy(user, oldImage, { id: idOf('a'), apiVersion, isStarted });
          const { create } = containerSpec({ old, oldImage, newImage, apiVersion, ...circumstances });
          expect(JSON.stringify(create)).not.toMatch(/"(\w+=)?old-|:2\d\d\b/);
          // Nor what the engine has made: addresses of both kinds.
          expect(JSON.stringify(create)).not.toMatch(/10\.0\.0\.10|02:42:|be:11:/);
          const asked = { ...user.ExposedPorts, ...user.HostConfig?.PortBindings };
          expect(Object.keys(asked)).toEqual(expect.arrayContaining(Object.keys(create.ExposedPorts ?? {})));
        },
      ),
    );
  });

  it('with the same image the same container comes out, even where the user’s values equal the image’s', () => {
    fc.assert(
      fc.property(userRequest, imageFrom('user', '1', 100), versions, (user, both, apiVersion) => {
        const old = createdBy(user, both, { id: idOf('a'), apiVersion });
        const { create, connections } = containerSpec({
          old,
          oldImage: both,
          newImage: both,
          apiVersion,
          engineHostname,
        });
        const created = createdBy(create, both, { id: idOf('b'), apiVersion, connections });
        const comparable = ({ Config: { Volumes, Hostname, Entrypoint, ...rest } }: ContainerInspect): unknown =>
          JSON.parse(JSON.stringify({ ...rest, Entrypoint: Entrypoint ?? [], Hostname: user.Hostname ?? '' }));
        expect(comparable(created)).toEqual(comparable(old));
        expect(compareReplacement(old, both, created).lost).toEqual([]);
      }),
    );
  });
});
