import { existsSync, readdirSync } from 'node:fs';
import type { Fixtures } from './fixtures.js';
import { withoutLinks, type VlanDriver } from './vlan-networks.js';

/** A flag of `docker run`, or several that belong together, on a container of its own. */
export interface RunCase {
  flags: string;
  args: (fixtures: Fixtures, unique: string) => string[];
  /** After the image. */
  command?: string[];
  /** Made with `docker create`, as it cannot be started here; the update is to leave it so. */
  isOnlyCreated?: true;
  image?: 'volumes';
  /** A command in the old container that leaves something behind. */
  seed?: string;
  /** A command in the new container, and what it prints. */
  shows?: [command: string, output: RegExp];
  /** Where the new container answers, on the engine's host. */
  answersAt?: (fixtures: Fixtures) => string;
  /** The field of inspect that has to be set at all: the comparison alone would be content with two that are not. */
  sets: string;
  /** Why this cannot be had here. */
  unavailable?: (engine: { version: string }) => string | undefined;
  /** Reports of what went wrong elsewhere: research of other updaters' issues. */
  references?: string[];
}

/** Why what came with a major version of the engine cannot be had on an older one. */
export const since =
  (version: number) =>
  (engine: { version: string }): string | undefined =>
    Number(engine.version.split('.')[0]) >= version ? undefined : `since Docker Engine ${version}`;
const never = (reason: string) => (): string => reason;
const withFile = (path: string, reason: string) => (): string | undefined => (existsSync(path) ? undefined : reason);
const withLinks = (driver: VlanDriver) => (): string | undefined => withoutLinks(driver);
const disk = readdirSync('/sys/block').find((name) => /^(vd|sd|nvme|xvd)/.test(name));
const withDisk = (): string | undefined => (disk ? undefined : 'this machine has no disk of its own');
const device = `/dev/${disk ?? 'none'}`;
const cgroup = (v1: string, v2: string): string =>
  `/bin/busybox cat /sys/fs/cgroup/${v1} 2>/dev/null || /bin/busybox cat /sys/fs/cgroup/${v2}`;
const env = '/bin/busybox env';
const withHooks = { memory: cgroup('memory/memory.limit_in_bytes', 'memory.max') };

const configuration: RunCase[] = [
  {
    flags: '(none)',
    args: () => [],
    shows: [env, /RELEASE=2[^]*NEW_ONLY=2|NEW_ONLY=2[^]*RELEASE=2/],
    sets: 'Config.Env',
    references: ['Finsys/dockhand#1371', 'Finsys/dockhand#1256'],
  },
  {
    flags: '--env',
    args: () => ['--env', 'MINE=a=b c', '--env', 'EMPTY=', '--env', 'RELEASE=mine'],
    shows: [env, /^RELEASE=mine$/m],
    sets: 'Config.Env',
    references: ['containrrr/watchtower#1342'],
  },
  {
    flags: '--env, equal to the image’s',
    args: () => ['--env', 'RELEASE=1'],
    shows: [env, /^RELEASE=1$/m],
    sets: 'Config.Env',
  },
  {
    flags: '--env-file',
    args: ({ envFile }) => ['--env-file', envFile],
    shows: [env, /^FROM_FILE=yes$/m],
    sets: 'Config.Env',
    references: ['Quenary/tugtainer#93'],
  },
  { flags: '--label', args: () => ['--label', 'mine=1', '--label', 'release=mine'], sets: 'Config.Labels' },
  { flags: '--label-file', args: ({ labelFile }) => ['--label-file', labelFile], sets: 'Config.Labels' },
  {
    flags: 'a command',
    args: () => [],
    command: ['-f', '-p', '80', '-h', '/www', '-r', 'mine'],
    shows: ['/bin/busybox cat /proc/1/cmdline', /httpd[^]*mine/],
    sets: 'Config.Cmd',
  },
  {
    flags: '--entrypoint',
    args: () => ['--entrypoint', '/bin/busybox'],
    command: ['httpd', '-f', '-p', '80', '-h', '/www'],
    shows: ['/bin/busybox cat /proc/1/cmdline', /^.bin.busybox.httpd/],
    sets: 'Config.Entrypoint',
    references: ['containrrr/watchtower#418'],
  },
  {
    flags: '--entrypoint ""',
    args: () => ['--entrypoint', ''],
    command: ['/bin/busybox', 'httpd', '-f', '-p', '80', '-h', '/www'],
    shows: ['/bin/busybox cat /proc/1/cmdline', /^.bin.busybox.httpd/],
    sets: 'Config.Cmd',
  },
  {
    flags: '--workdir',
    args: () => ['--workdir', '/mine'],
    shows: ['/bin/busybox pwd', /^\/mine/],
    sets: 'Config.WorkingDir',
  },
  { flags: '--user', args: () => ['--user', '0:7'], shows: ['/bin/busybox id', /gid=7/], sets: 'Config.User' },
  {
    flags: '--group-add',
    args: () => ['--group-add', '77'],
    shows: ['/bin/busybox id', /77/],
    sets: 'HostConfig.GroupAdd',
  },
  {
    flags: '--hostname',
    args: () => ['--hostname', 'mine'],
    shows: ['/bin/busybox hostname', /^mine/],
    sets: 'Config.Hostname',
  },
  { flags: '--domainname', args: () => ['--domainname', 'example.org'], sets: 'Config.Domainname' },
  { flags: '--stop-signal', args: () => ['--stop-signal', 'SIGUSR1'], sets: 'Config.StopSignal' },
  { flags: '--stop-timeout', args: () => ['--stop-timeout', '1'], sets: 'Config.StopTimeout' },
  {
    flags: '--tty',
    args: () => ['--tty'],
    shows: ['/bin/busybox ls -l /proc/1/fd/1', /pts|console/],
    sets: 'Config.Tty',
  },
  { flags: '--interactive', args: () => ['--interactive'], sets: 'Config.OpenStdin' },
  { flags: '--expose', args: () => ['--expose', '99/udp'], sets: 'Config.ExposedPorts' },
  {
    flags: '--health-cmd, --health-interval, --health-timeout, --health-retries, --health-start-period',
    args: () => [
      ...['--health-cmd', '/bin/busybox true', '--health-interval', '50m', '--health-timeout', '3s'],
      ...['--health-retries', '4', '--health-start-period', '2s'],
    ],
    sets: 'Config.Healthcheck',
  },
  { flags: '--health-interval alone', args: () => ['--health-interval', '50m'], sets: 'Config.Healthcheck' },
  {
    flags: '--health-start-interval',
    args: () => ['--health-start-period', '2s', '--health-start-interval', '50m'],
    unavailable: since(25),
    sets: 'Config.Healthcheck',
  },
  { flags: '--no-healthcheck', args: () => ['--no-healthcheck'], sets: 'Config.Healthcheck' },
];

const limits: RunCase[] = [
  {
    flags: '--memory',
    args: () => ['--memory', '64m'],
    shows: [withHooks.memory, /^67108864/],
    sets: 'HostConfig.Memory',
    references: ['Finsys/dockhand#390'],
  },
  { flags: '--memory-reservation', args: () => ['--memory-reservation', '32m'], sets: 'HostConfig.MemoryReservation' },
  { flags: '--memory-swap', args: () => ['--memory', '64m', '--memory-swap', '64m'], sets: 'HostConfig.MemorySwap' },
  {
    flags: '--memory-swappiness',
    args: () => ['--memory-swappiness', '10'],
    unavailable: withFile('/sys/fs/cgroup/memory/memory.swappiness', 'needs cgroup v1'),
    sets: 'HostConfig.MemorySwappiness',
  },
  {
    flags: '--oom-kill-disable',
    args: () => ['--memory', '64m', '--oom-kill-disable'],
    unavailable: withFile('/sys/fs/cgroup/memory/memory.oom_control', 'needs cgroup v1'),
    sets: 'HostConfig.OomKillDisable',
  },
  {
    flags: '--oom-score-adj',
    args: () => ['--oom-score-adj', '100'],
    shows: ['/bin/busybox cat /proc/1/oom_score_adj', /^100/],
    sets: 'HostConfig.OomScoreAdj',
  },
  {
    flags: '--kernel-memory',
    args: () => ['--kernel-memory', '50m'],
    unavailable: never('this kernel no longer limits it'),
    sets: 'HostConfig.KernelMemory',
  },
  {
    flags: '--cpus',
    args: () => ['--cpus', '0.5'],
    shows: [cgroup('cpu/cpu.cfs_quota_us', 'cpu.max'), /^50000/],
    sets: 'HostConfig.NanoCpus',
  },
  { flags: '--cpu-shares', args: () => ['--cpu-shares', '512'], sets: 'HostConfig.CpuShares' },
  {
    flags: '--cpu-period, --cpu-quota',
    args: () => ['--cpu-period', '50000', '--cpu-quota', '25000'],
    sets: 'HostConfig.CpuQuota',
  },
  {
    flags: '--cpuset-cpus',
    args: () => ['--cpuset-cpus', '0'],
    shows: [cgroup('cpuset/cpuset.cpus', 'cpuset.cpus'), /^0\s*$/],
    sets: 'HostConfig.CpusetCpus',
  },
  { flags: '--cpuset-mems', args: () => ['--cpuset-mems', '0'], sets: 'HostConfig.CpusetMems' },
  {
    flags: '--cpu-rt-runtime',
    args: () => ['--cpu-rt-runtime', '1000'],
    unavailable: never('needs a budget of real time for the engine'),
    sets: 'HostConfig.CpuRealtimeRuntime',
  },
  {
    flags: '--pids-limit',
    args: () => ['--pids-limit', '50'],
    shows: [cgroup('pids/pids.max', 'pids.max'), /^50/],
    sets: 'HostConfig.PidsLimit',
  },
  {
    flags: '--blkio-weight',
    args: () => ['--blkio-weight', '300'],
    unavailable: withFile('/sys/fs/cgroup/blkio/blkio.weight', 'this kernel does not weigh disks'),
    sets: 'HostConfig.BlkioWeight',
  },
  {
    flags: '--device-read-bps, --device-write-bps',
    args: () => ['--device-read-bps', `${device}:1mb`, '--device-write-bps', `${device}:2mb`],
    unavailable: withDisk,
    sets: 'HostConfig.BlkioDeviceReadBps',
  },
  {
    flags: '--device-read-iops, --device-write-iops',
    args: () => ['--device-read-iops', `${device}:1000`, '--device-write-iops', `${device}:2000`],
    unavailable: withDisk,
    sets: 'HostConfig.BlkioDeviceReadIOps',
  },
  {
    flags: '--ulimit',
    args: () => ['--ulimit', 'nofile=1000:2000'],
    // Not by `ulimit` in an exec, to which some versions of runc give the hard limit.
    shows: ['/bin/busybox grep "open files" /proc/1/limits', /1000\s+2000/],
    sets: 'HostConfig.Ulimits',
  },
  {
    flags: '--shm-size',
    args: () => ['--shm-size', '8m'],
    shows: ['/bin/busybox df /dev/shm', /\s8192\s/],
    sets: 'HostConfig.ShmSize',
  },
  { flags: '--cgroup-parent', args: () => ['--cgroup-parent', '/conformance'], sets: 'HostConfig.CgroupParent' },
  {
    flags: '--storage-opt',
    args: () => ['--storage-opt', 'size=1G'],
    unavailable: never('needs a file system with project quotas'),
    sets: 'HostConfig.StorageOpt',
  },
];

const security: RunCase[] = [
  {
    flags: '--cap-add',
    args: () => ['--cap-add', 'NET_ADMIN'],
    shows: ['/bin/busybox grep CapBnd /proc/1/status', /a80435fb/i],
    sets: 'HostConfig.CapAdd',
    references: ['amayer1983/docksentry#27'],
  },
  { flags: '--cap-drop', args: () => ['--cap-drop', 'MKNOD'], sets: 'HostConfig.CapDrop' },
  {
    flags: '--privileged',
    args: () => ['--privileged'],
    // Not every machine may give all capabilities away.
    isOnlyCreated: true,
    sets: 'HostConfig.Privileged',
  },
  {
    flags: '--security-opt no-new-privileges',
    args: () => ['--security-opt', 'no-new-privileges'],
    shows: ['/bin/busybox grep NoNewPrivs /proc/1/status', /1/],
    sets: 'HostConfig.SecurityOpt',
  },
  {
    flags: '--security-opt seccomp',
    args: () => ['--security-opt', 'seccomp=unconfined'],
    sets: 'HostConfig.SecurityOpt',
  },
  { flags: '--security-opt label', args: () => ['--security-opt', 'label=disable'], sets: 'HostConfig.SecurityOpt' },
  {
    flags: '--security-opt systempaths',
    args: () => ['--security-opt', 'systempaths=unconfined'],
    sets: 'HostConfig.SecurityOpt',
  },
  {
    flags: '--security-opt apparmor',
    args: () => ['--security-opt', 'apparmor=docker-default'],
    unavailable: withFile('/sys/module/apparmor', 'AppArmor is not in this kernel'),
    sets: 'HostConfig.SecurityOpt',
  },
  {
    flags: '--device',
    args: () => ['--device', '/dev/null:/dev/mine:r'],
    shows: ['/bin/busybox ls /dev/mine', /mine/],
    sets: 'HostConfig.Devices',
  },
  {
    flags: '--device-cgroup-rule',
    args: () => ['--device-cgroup-rule', 'c 1:3 rw'],
    sets: 'HostConfig.DeviceCgroupRules',
  },
  { flags: '--gpus', args: () => ['--gpus', 'all'], isOnlyCreated: true, sets: 'HostConfig.DeviceRequests' },
  { flags: '--userns', args: () => ['--userns', 'host'], sets: 'HostConfig.UsernsMode' },
  {
    flags: '--read-only',
    args: () => ['--read-only'],
    shows: ['/bin/busybox touch /x || echo refused', /refused/],
    sets: 'HostConfig.ReadonlyRootfs',
  },
  {
    flags: '--sysctl',
    args: () => ['--sysctl', 'net.core.somaxconn=77'],
    shows: ['/bin/busybox cat /proc/sys/net/core/somaxconn', /^77/],
    sets: 'HostConfig.Sysctls',
  },
];

const running: RunCase[] = [
  { flags: '--restart always', args: () => ['--restart', 'always'], sets: 'HostConfig.RestartPolicy' },
  { flags: '--restart unless-stopped', args: () => ['--restart', 'unless-stopped'], sets: 'HostConfig.RestartPolicy' },
  { flags: '--restart on-failure', args: () => ['--restart', 'on-failure:3'], sets: 'HostConfig.RestartPolicy' },
  {
    flags: '--init',
    args: () => ['--init'],
    shows: ['/bin/busybox cat /proc/1/cmdline', /init/],
    sets: 'HostConfig.Init',
  },
  { flags: '--runtime', args: () => ['--runtime', 'runc'], sets: 'HostConfig.Runtime' },
  { flags: '--log-driver', args: () => ['--log-driver', 'none'], sets: 'HostConfig.LogConfig' },
  {
    flags: '--log-opt',
    args: () => ['--log-driver', 'json-file', '--log-opt', 'max-size=1m', '--log-opt', 'max-file=2'],
    sets: 'HostConfig.LogConfig',
  },
  { flags: '--ipc shareable', args: () => ['--ipc', 'shareable'], sets: 'HostConfig.IpcMode' },
  { flags: '--ipc host', args: () => ['--ipc', 'host'], sets: 'HostConfig.IpcMode' },
  { flags: '--ipc container', args: ({ donor }) => ['--ipc', `container:${donor}`], sets: 'HostConfig.IpcMode' },
  { flags: '--pid host', args: () => ['--pid', 'host'], sets: 'HostConfig.PidMode' },
  { flags: '--pid container', args: ({ donor }) => ['--pid', `container:${donor}`], sets: 'HostConfig.PidMode' },
  {
    flags: '--uts host',
    args: () => ['--uts', 'host'],
    sets: 'HostConfig.UTSMode',
    references: ['nicholas-fedor/watchtower PR#1056'],
  },
  { flags: '--cgroupns', args: () => ['--cgroupns', 'private'], sets: 'HostConfig.CgroupnsMode' },
  {
    flags: '--annotation',
    args: () => ['--annotation', 'mine=1'],
    unavailable: since(24),
    sets: 'HostConfig.Annotations',
  },
  { flags: '--cidfile', args: ({ folder }, unique) => ['--cidfile', `${folder}/${unique}.cid`], sets: 'Config.Image' },
  {
    flags: '--platform',
    args: () => ['--platform', `linux/${process.arch === 'x64' ? 'amd64' : 'arm64'}`],
    sets: 'Config.Image',
  },
];

const mounts: RunCase[] = [
  {
    flags: '--volume, named',
    args: ({ volume }) => ['--volume', `${volume}:/data`],
    seed: 'echo kept > /data/file',
    shows: ['/bin/busybox cat /data/file', /kept/],
    sets: 'HostConfig.Binds',
    references: ['liquidguru/docker-updater#11'],
  },
  {
    flags: '--volume, read-only',
    args: ({ volume }) => ['--volume', `${volume}:/data:ro`],
    shows: ['/bin/busybox touch /data/x || echo refused', /refused/],
    sets: 'HostConfig.Binds',
  },
  {
    flags: '--volume, a folder of the host',
    args: ({ folder }) => ['--volume', `${folder}:/host:ro,rprivate`],
    shows: ['/bin/busybox ls /host', /variables.env/],
    sets: 'HostConfig.Binds',
  },
  {
    flags: '--volume, anonymous',
    args: () => ['--volume', '/data'],
    seed: 'echo kept > /data/file',
    shows: ['/bin/busybox cat /data/file', /kept/],
    sets: 'HostConfig.Mounts',
    references: ['docker-archive/compose-cli#1815'],
  },
  {
    flags: 'VOLUME of the image, which the new one no longer has',
    args: () => [],
    image: 'volumes',
    seed: 'echo kept > /image-data/file',
    shows: ['/bin/busybox cat /image-data/file', /kept/],
    sets: 'HostConfig.Mounts',
  },
  {
    flags: '--mount type=volume, anonymous',
    args: () => ['--mount', 'type=volume,target=/data'],
    seed: 'echo kept > /data/file',
    shows: ['/bin/busybox cat /data/file', /kept/],
    sets: 'HostConfig.Mounts',
  },
  {
    flags: '--mount type=volume with options',
    args: ({ volume }) => [
      '--mount',
      `type=volume,source=${volume}-made,target=/data,readonly,volume-nocopy,volume-label=a=b`,
    ],
    sets: 'HostConfig.Mounts',
    references: ['Finsys/dockhand#118'],
  },
  {
    flags: '--mount type=volume,volume-subpath',
    args: ({ volume }) => ['--mount', `type=volume,source=${volume},target=/data,volume-subpath=sub`],
    unavailable: since(26),
    shows: ['/bin/busybox cat /data/file', /below/],
    sets: 'HostConfig.Mounts',
  },
  {
    flags: '--mount type=bind',
    args: ({ folder }) => ['--mount', `type=bind,source=${folder},target=/host,readonly,bind-propagation=rprivate`],
    sets: 'HostConfig.Mounts',
  },
  {
    flags: '--mount type=tmpfs',
    args: () => ['--mount', 'type=tmpfs,target=/scratch,tmpfs-size=1m,tmpfs-mode=0700'],
    shows: ['/bin/busybox df /scratch', /\s1024\s/],
    sets: 'HostConfig.Mounts',
  },
  {
    flags: '--mount type=image',
    args: ({ imageToMount }) => ['--mount', `type=image,source=${imageToMount},target=/image`],
    unavailable: since(28),
    isOnlyCreated: true,
    sets: 'HostConfig.Mounts',
  },
  {
    flags: '--tmpfs',
    args: () => ['--tmpfs', '/scratch:size=1m,mode=0700'],
    shows: ['/bin/busybox df /scratch', /\s1024\s/],
    sets: 'HostConfig.Tmpfs',
  },
  {
    flags: '--tmpfs over a VOLUME of the image',
    args: () => ['--tmpfs', '/image-data'],
    image: 'volumes',
    shows: ['/bin/busybox grep image-data /proc/mounts', /^tmpfs/],
    sets: 'HostConfig.Tmpfs',
    references: ['Finsys/dockhand#267'],
  },
  {
    flags: '--volumes-from',
    args: ({ donor }) => ['--volumes-from', `${donor}:ro`],
    shows: ['/bin/busybox cat /donated/file', /donated/],
    sets: 'HostConfig.VolumesFrom',
  },
  { flags: '--volume-driver', args: () => ['--volume-driver', 'local'], sets: 'HostConfig.VolumeDriver' },
];

const networks: RunCase[] = [
  {
    flags: '--publish',
    args: ({ ports }) => ['--publish', `127.0.0.1:${ports[0]}:80`],
    answersAt: ({ ports }) => `http://127.0.0.1:${ports[0]}/`,
    sets: 'HostConfig.PortBindings',
    references: ['Quenary/tugtainer PR#125'],
  },
  {
    flags: '--publish, a range and udp',
    args: () => ['--publish', '127.0.0.1::81-82', '--publish', '127.0.0.1::83/udp'],
    sets: 'HostConfig.PortBindings',
  },
  { flags: '--publish-all', args: () => ['--publish-all'], sets: 'HostConfig.PublishAllPorts' },
  {
    flags: '--network bridge',
    args: () => ['--network', 'bridge'],
    sets: 'HostConfig.NetworkMode',
    references: ['containrrr/watchtower#1906'],
  },
  {
    flags: '--network host',
    args: ({ ports }) => ['--network', 'host', '--env', `PORT=${ports[1]}`],
    command: ['-f', '-p', '18099', '-h', '/www'],
    answersAt: () => 'http://127.0.0.1:18099/',
    sets: 'HostConfig.NetworkMode',
    references: ['nicholas-fedor/watchtower#160'],
  },
  { flags: '--network none', args: () => ['--network', 'none'], sets: 'HostConfig.NetworkMode' },
  {
    flags: '--network container',
    args: ({ donor }) => ['--network', `container:${donor}`],
    shows: ['/bin/busybox wget -q -O - http://127.0.0.1:8070/', /donor/],
    command: ['-f', '-p', '8071', '-h', '/www'],
    sets: 'HostConfig.NetworkMode',
    references: ['getwud/wud#131'],
  },
  {
    flags: '--network, --network-alias',
    args: ({ network, alias }) => ['--network', network, '--network-alias', alias, '--network-alias', 'www'],
    answersAt: ({ alias }) => `alias:${alias}`,
    sets: 'NetworkSettings.Networks',
    references: ['containrrr/watchtower#1723'],
  },
  {
    flags: '--ip',
    args: ({ network }) => ['--network', network, '--ip', '10.214.1.77'],
    answersAt: () => 'http://10.214.1.77/',
    sets: 'NetworkSettings.Networks',
    references: ['containrrr/watchtower#78', 'Quenary/tugtainer#119'],
  },
  {
    flags: '--ip6',
    args: ({ network }) => ['--network', network, '--ip6', 'fd00:214:1::77'],
    shows: ['/bin/busybox ip -6 addr', /fd00:214:1::77/],
    sets: 'NetworkSettings.Networks',
  },
  {
    flags: '--link-local-ip',
    args: ({ network }) => ['--network', network, '--link-local-ip', '169.254.77.77'],
    shows: ['/bin/busybox ip addr', /169\.254\.77\.77/],
    sets: 'NetworkSettings.Networks',
  },
  {
    flags: '--mac-address',
    args: ({ network }) => ['--network', network, '--mac-address', '92:d0:c6:0a:29:33'],
    unavailable: ({ version }) => since(25)({ version }) && 'this client asks for Docker Engine 25; Compose has it',
    shows: ['/bin/busybox ip link', /92:d0:c6:0a:29:33/],
    sets: 'Config.MacAddress',
    references: ['containrrr/watchtower#1941'],
  },
  {
    flags: 'several --network, with aliases, addresses and driver options',
    args: ({ network, otherNetwork }) => [
      ...['--network', `name=${network},alias=one,ip=10.214.1.78`],
      ...['--network', `name=${otherNetwork},alias=two,ip=10.214.2.78,driver-opt=mine=1`],
    ],
    unavailable: since(25),
    shows: ['/bin/busybox ip addr', /10\.214\.[^]*10\.214\./],
    sets: 'NetworkSettings.Networks',
    references: ['portainer/portainer#1491', 'MichelFR/MqDockerUp#191'],
  },
  {
    flags: '--network gw-priority',
    args: ({ network, otherNetwork }) => ['--network', network, '--network', `name=${otherNetwork},gw-priority=7`],
    unavailable: since(28),
    shows: ['/bin/busybox ip route', /default via 10\.214\.2\./],
    sets: 'NetworkSettings.Networks',
  },
  {
    flags: '--network macvlan',
    args: ({ vlans }) => ['--network', vlans.names.macvlan ?? ''],
    unavailable: withLinks('macvlan'),
    shows: ['/bin/busybox ip addr', /10\.215\./],
    sets: 'NetworkSettings.Networks',
  },
  {
    flags: '--network macvlan, --ip',
    args: ({ vlans }) => ['--network', vlans.names.macvlan ?? '', '--ip', '10.215.1.77'],
    unavailable: withLinks('macvlan'),
    shows: ['/bin/busybox ip addr', /10\.215\.1\.77/],
    sets: 'NetworkSettings.Networks',
  },
  {
    flags: '--network ipvlan',
    args: ({ vlans }) => ['--network', vlans.names.ipvlan ?? ''],
    unavailable: withLinks('ipvlan'),
    shows: ['/bin/busybox ip addr', /10\.216\./],
    sets: 'NetworkSettings.Networks',
  },
  {
    flags: '--link, on the default bridge',
    args: ({ donor }) => ['--link', `${donor}:database`],
    shows: ['/bin/busybox cat /etc/hosts', /database/],
    sets: 'HostConfig.Links',
  },
  {
    flags: '--link, on a network',
    args: ({ network, neighbour }) => ['--network', network, '--link', `${neighbour}:database`],
    shows: ['/bin/busybox wget -q -O - http://database:8070/', /neighbour/],
    sets: 'NetworkSettings.Networks',
    references: ['Quenary/tugtainer#225'],
  },
  {
    flags: '--dns, --dns-search, --dns-option',
    args: () => ['--dns', '127.0.0.1', '--dns-search', 'example.org', '--dns-option', 'ndots:3'],
    shows: ['/bin/busybox cat /etc/resolv.conf', /example\.org[^]*ndots:3/],
    sets: 'HostConfig.Dns',
  },
  {
    flags: '--add-host',
    args: () => ['--add-host', 'elsewhere:10.1.2.3'],
    shows: ['/bin/busybox cat /etc/hosts', /10\.1\.2\.3\s+elsewhere/],
    sets: 'HostConfig.ExtraHosts',
  },
];

export const runCases: RunCase[] = [...configuration, ...limits, ...security, ...running, ...mounts, ...networks];
