import fc from 'fast-check';
import type { CreateRequest, EndpointSettings, ImageInspect } from '../../../src/docker/engine/engine-types.js';

/**
 * Arbitrary images and create requests. `origin` marks every value, so that a test can tell the user's from an image's;
 * names overlap on purpose.
 */
const name = fc.constantFrom('A', 'B', 'C', 'D', 'PATH');
const path = fc.constantFrom('/a', '/b', '/c', '/d', '/e');
/** Also where volumes of other containers may be mounted. */
const imagePath = fc.oneof(path, fc.constant('/f'));
/** A port that both expose is nobody's: a copy cannot tell, and nothing depends on it. */
const imagePort = fc.constantFrom('80/tcp', '81/udp');
const userPort = fc.constantFrom('82/tcp', '83/udp');

function value(origin: string): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: 3 }).map((number) => `${origin}-${number}`);
}

function environment(origin: string): fc.Arbitrary<string[]> {
  return fc
    .uniqueArray(fc.tuple(name, value(origin)), { selector: ([key]) => key, maxLength: 4 })
    .map((entries) => entries.map(([key, text]) => `${key}=${text}`));
}

function healthcheck(origin: string, base: number): fc.Arbitrary<NonNullable<CreateRequest['Healthcheck']>> {
  const duration = fc.integer({ min: base, max: base + 3 });
  return fc.record(
    {
      Test: value(origin).map((text) => ['CMD', text]),
      Interval: duration,
      Timeout: duration,
      StartPeriod: duration,
      StartInterval: duration,
      Retries: duration,
    },
    { requiredKeys: [] },
  );
}

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const exposed = (bindings: object): Record<string, object> =>
  Object.fromEntries(Object.keys(bindings).map((port) => [port, {}]));
const words = (origin: string): fc.Arbitrary<string[]> => fc.array(value(origin), { minLength: 1, maxLength: 2 });
const present = (keys: fc.Arbitrary<string>): fc.Arbitrary<Record<string, object>> =>
  fc.uniqueArray(keys, { maxLength: 2 }).map((all) => Object.fromEntries(all.map((key) => [key, {}])));

/** An image whose values all say `origin`; it has a command, as an image without one could not be run. */
export function imageFrom(origin: string, idDigit: string, base: number): fc.Arbitrary<ImageInspect> {
  return fc
    .record({
      Env: environment(origin),
      Entrypoint: maybe(words(origin)),
      Cmd: words(origin),
      Labels: fc.dictionary(name, value(origin), { maxKeys: 3 }),
      Healthcheck: maybe(healthcheck(origin, base)),
      ExposedPorts: present(imagePort),
      Volumes: present(imagePath),
      WorkingDir: maybe(value(origin)),
      User: maybe(value(origin)),
      StopSignal: maybe(value(origin)),
    })
    .map((Config) => ({ Id: `sha256:${idDigit.repeat(64)}`, Config }));
}

const endpoint: fc.Arbitrary<EndpointSettings> = fc.record(
  {
    Aliases: fc.uniqueArray(fc.constantFrom('web', 'api', 'db'), { minLength: 1, maxLength: 2 }),
    IPAMConfig: fc.record({ IPv4Address: fc.constantFrom('10.0.0.5', '10.0.0.6') }),
    DriverOpts: fc.record({ option: value('user') }),
    Links: fc.constant(['db:database']),
    // Globally administered, so that no engine can have made it.
    MacAddress: fc.constantFrom('00:16:3e:00:00:01', '00:16:3e:00:00:02'),
    GwPriority: fc.integer({ min: 1, max: 3 }),
  },
  { requiredKeys: [] },
);

/** Containers whose volumes others may mount; the second may be gone when a copy is made. */
export const donor = 'donor';
export const vanishingDonor = 'vanishing-donor';

/** A MAC address of the container is that of its own network, which must not have another one. */
function inMode(
  mode: string,
  endpoints: Record<string, EndpointSettings>,
  MacAddress: string | undefined,
): Pick<CreateRequest, 'MacAddress' | 'NetworkingConfig'> {
  if (!mode.startsWith('net')) return { NetworkingConfig: { EndpointsConfig: {} } };
  const own = endpoints[mode];
  if (!own || MacAddress === undefined) return { NetworkingConfig: { EndpointsConfig: endpoints } };
  const { MacAddress: _, ...rest } = own;
  return { MacAddress, NetworkingConfig: { EndpointsConfig: { ...endpoints, [mode]: rest } } };
}

/** Without what an engine refuses: settings of interfaces that are not the container's own, and all in another's network. */
function acceptable(request: CreateRequest): CreateRequest {
  const mode = request.HostConfig?.NetworkMode ?? '';
  if (mode.startsWith('net')) return request;
  const { Hostname, Domainname, ExposedPorts, HostConfig, ...rest } = request;
  const { Sysctls, ...hostConfig } = HostConfig ?? {};
  if (!mode.startsWith('container:')) return { ...request, HostConfig: hostConfig };
  const { PortBindings, Dns, ExtraHosts, ...others } = hostConfig;
  return { ...rest, HostConfig: others };
}

/** What a user may set of the host's part, each there or not. */
const hostSettings = fc.record(
  {
    RestartPolicy: fc.constantFrom({ Name: 'always' }, { Name: 'on-failure', MaximumRetryCount: 3 }),
    LogConfig: fc.record({ Type: fc.constantFrom('local', 'json-file'), Config: fc.constant({ 'max-size': '1m' }) }),
    Ulimits: fc.constant([{ Name: 'nofile', Soft: 10, Hard: 20 }]),
    Devices: fc.constant([{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' }]),
    DeviceRequests: fc.constant([{ Driver: '', Count: -1, DeviceIDs: null, Capabilities: [['gpu']], Options: {} }]),
    Sysctls: fc.constantFrom<Record<string, string>>(
      { 'net.core.somaxconn': '77' },
      { 'net.core.somaxconn': '77', 'net.ipv4.conf.eth0.forwarding': '1' },
    ),
    MaskedPaths: fc.constantFrom<string[]>([], ['/proc/kcore']),
    ReadonlyPaths: fc.constantFrom<string[]>([], ['/proc/sys']),
    Annotations: fc.record({ mine: value('user') }),
    SecurityOpt: words('user'),
    ExtraHosts: words('user'),
    Dns: words('user'),
    PidsLimit: fc.integer({ min: 1, max: 3 }),
    ReadonlyRootfs: fc.boolean(),
    IpcMode: fc.constantFrom('private', 'shareable', 'host'),
    PidMode: fc.constantFrom('', 'host'),
  },
  { requiredKeys: [] },
);

/** What a user may send: with an own entrypoint (also an emptied one, which needs a command), mounts of all kinds, networks. */
export const userRequest: fc.Arbitrary<CreateRequest> = fc
  .record({
    Image: fc.constant('registry.example/app:1'),
    Env: environment('user'),
    command: fc.oneof(
      fc.constant({}),
      fc.record({ Cmd: words('user') }),
      fc.record({ Entrypoint: words('user'), Cmd: maybe(words('user')) }),
      fc.record({ Entrypoint: fc.constantFrom<string[]>([''], []), Cmd: words('user') }),
    ),
    Labels: fc.dictionary(name, value('user'), { maxKeys: 3 }),
    Healthcheck: maybe(healthcheck('user', 100)),
    ExposedPorts: present(userPort),
    Volumes: present(path),
    scalars: fc.record(
      {
        ...{ WorkingDir: value('user'), User: value('user'), StopSignal: value('user'), Hostname: value('user') },
        ...{ Domainname: value('user'), StopTimeout: fc.integer({ min: 0, max: 3 }), Shell: words('user') },
        ...{ Tty: fc.boolean(), OpenStdin: fc.boolean() },
      },
      { requiredKeys: [] },
    ),
    FutureField: value('user'),
    hostSettings,
    hostConfig: fc.record({
      NetworkMode: fc.constantFrom('net1', 'net2', 'host', 'none', `container:${'f'.repeat(64)}`),
      PortBindings: present(fc.oneof(imagePort, userPort)).map((ports) =>
        Object.fromEntries(Object.keys(ports).map((key) => [key, [{ HostPort: '8080' }]])),
      ),
      Memory: fc.integer({ min: 0, max: 3 }),
      CapAdd: maybe(words('user')),
      VolumesFrom: maybe(fc.subarray([`${donor}:ro`, vanishingDonor], { minLength: 1 })),
      FutureField: value('user'),
    }),
    mounts: fc.uniqueArray(fc.tuple(path, fc.constantFrom('bind', 'named', 'mount', 'anonymous', 'tmpfs')), {
      selector: ([target]) => target,
      maxLength: 3,
    }),
    MacAddress: maybe(fc.constant('92:d0:c6:0a:29:33')),
    endpoints: fc.record({ net1: endpoint, net2: endpoint, net3: endpoint }, { requiredKeys: ['net1'] }),
  })
  .map(({ command, scalars, hostConfig, hostSettings, mounts, MacAddress, endpoints, ...config }) => {
    const networks = inMode(hostConfig.NetworkMode, endpoints, MacAddress);
    const of = (kind: string): string[] => mounts.filter(([, is]) => is === kind).map(([target]) => target);
    return {
      ...config,
      // Clients expose what they publish.
      ExposedPorts: { ...config.ExposedPorts, ...exposed(hostConfig.PortBindings) },
      ...command,
      ...scalars,
      HostConfig: {
        ...hostConfig,
        ...hostSettings,
        Binds: [...of('bind').map((at) => `/host${at}:${at}:ro`), ...of('named').map((at) => `volume:${at}`)],
        Mounts: [
          ...of('mount').map((Target) => ({ Type: 'volume', Source: 'named', Target, ReadOnly: true })),
          ...of('anonymous').map((Target) => ({ Type: 'volume', Target })),
        ],
        Tmpfs: Object.fromEntries(of('tmpfs').map((at) => [at, ''])),
      },
      ...networks,
    };
  })
  .map(acceptable);
