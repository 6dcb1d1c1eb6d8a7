import type { Fixtures } from './fixtures.js';
import { since } from './run-cases.js';

/** A key of a Compose file, in a service of its own. */
export interface ComposeCase {
  key: string;
  service: (fixtures: Fixtures) => Record<string, unknown>;
  /** A command in the old container that leaves something behind. */
  seed?: string;
  /** A command in the new container, and what it prints. */
  shows?: [command: string, output: RegExp];
  /** The field of inspect that has to be set at all. */
  sets: string;
  unavailable?: (engine: { version: string }) => string | undefined;
  references?: string[];
}

const httpd = ['-f', '-p', '80', '-h', '/www'];

/** What services refer to, besides each other. */
export const composeTopLevel = ({ folder }: Fixtures): Record<string, unknown> => ({
  networks: {
    front: { enable_ipv6: true, ipam: { config: [{ subnet: '10.214.3.0/24' }, { subnet: 'fd00:214:3::/64' }] } },
    back: { ipam: { config: [{ subnet: '10.214.4.0/24' }] } },
  },
  volumes: { data: {} },
  configs: { inline: { content: 'inline-config' }, fromfile: { file: `${folder}/variables.env` } },
  secrets: { inline: { environment: 'CONFORMANCE_SECRET' }, fromfile: { file: `${folder}/variables.env` } },
});

export const composeCases: ComposeCase[] = [
  { key: 'image', service: () => ({}), sets: 'Config.Image', references: ['containrrr/watchtower#1989'] },
  {
    key: 'annotations',
    service: () => ({ annotations: { mine: '1' } }),
    unavailable: since(24),
    sets: 'HostConfig.Annotations',
  },
  {
    key: 'cap_add, cap_drop',
    service: () => ({ cap_add: ['NET_ADMIN'], cap_drop: ['MKNOD'] }),
    sets: 'HostConfig.CapAdd',
  },
  { key: 'cgroup', service: () => ({ cgroup: 'private' }), sets: 'HostConfig.CgroupnsMode' },
  { key: 'command', service: () => ({ command: [...httpd, '-v', '-v'] }), sets: 'Config.Cmd' },
  {
    key: 'configs, inline',
    service: () => ({ configs: [{ source: 'inline', target: '/etc/app/app.conf', mode: 0o440 }] }),
    shows: ['/bin/busybox cat /etc/app/app.conf; /bin/busybox ls -l /etc/app/app.conf', /inline-config[^]*-r--r-----/],
    sets: 'Config.Labels',
    references: ['nicholas-fedor/watchtower#2378', 'containrrr/watchtower#1988', 'Finsys/dockhand#1208'],
  },
  {
    key: 'configs, of a file',
    service: () => ({ configs: [{ source: 'fromfile', target: '/etc/app.env' }] }),
    shows: ['/bin/busybox cat /etc/app.env', /FROM_FILE/],
    sets: 'Mounts',
  },
  {
    key: 'secrets, of the environment',
    service: () => ({ secrets: ['inline'] }),
    shows: ['/bin/busybox cat /run/secrets/inline', /inline-secret/],
    sets: 'Config.Labels',
  },
  {
    key: 'secrets, of a file',
    service: () => ({ secrets: ['fromfile'] }),
    shows: ['/bin/busybox cat /run/secrets/fromfile', /FROM_FILE/],
    sets: 'Mounts',
  },
  { key: 'container_name', service: ({ alias }) => ({ container_name: `${alias}-named` }), sets: 'Config.Labels' },
  { key: 'cpus, cpu_shares', service: () => ({ cpus: 0.5, cpu_shares: 512 }), sets: 'HostConfig.NanoCpus' },
  { key: 'cpuset', service: () => ({ cpuset: '0' }), sets: 'HostConfig.CpusetCpus' },
  { key: 'depends_on', service: () => ({ depends_on: ['image'] }), sets: 'Config.Labels' },
  {
    key: 'deploy.resources',
    service: () => ({ deploy: { resources: { limits: { cpus: '0.5', memory: '64M', pids: 50 } } } }),
    sets: 'HostConfig.Memory',
  },
  { key: 'devices', service: () => ({ devices: ['/dev/null:/dev/mine:r'] }), sets: 'HostConfig.Devices' },
  {
    key: 'device_cgroup_rules',
    service: () => ({ device_cgroup_rules: ['c 1:3 rw'] }),
    sets: 'HostConfig.DeviceCgroupRules',
  },
  {
    key: 'dns, dns_search, dns_opt',
    service: () => ({ dns: ['127.0.0.1'], dns_search: ['example.org'], dns_opt: ['ndots:3'] }),
    sets: 'HostConfig.Dns',
  },
  {
    key: 'hostname, domainname',
    service: () => ({ hostname: 'mine', domainname: 'example.org' }),
    sets: 'Config.Domainname',
  },
  {
    key: 'entrypoint',
    // Another one than the image's: what equals it cannot be told from it.
    service: () => ({ entrypoint: ['/bin/busybox', 'httpd', '-v'], command: httpd }),
    sets: 'Config.Entrypoint',
  },
  {
    key: 'env_file',
    service: ({ envFile }) => ({ env_file: [envFile] }),
    sets: 'Config.Env',
    references: ['Quenary/tugtainer#93'],
  },
  {
    key: 'environment',
    service: () => ({ environment: { MINE: 'a=b', EMPTY: '', RELEASE: 'mine' } }),
    sets: 'Config.Env',
  },
  { key: 'expose', service: () => ({ expose: ['99/udp'] }), sets: 'Config.ExposedPorts' },
  { key: 'extra_hosts', service: () => ({ extra_hosts: { elsewhere: '10.1.2.3' } }), sets: 'HostConfig.ExtraHosts' },
  { key: 'group_add', service: () => ({ group_add: ['77'] }), sets: 'HostConfig.GroupAdd' },
  // Not the image's own value, which nothing tells from one that was not set (docs/recreation.md).
  {
    key: 'healthcheck',
    service: () => ({ healthcheck: { test: ['CMD', '/bin/busybox', 'test', '1'], interval: '50m', retries: 4 } }),
    sets: 'Config.Healthcheck',
  },
  { key: 'healthcheck.disable', service: () => ({ healthcheck: { disable: true } }), sets: 'Config.Healthcheck' },
  { key: 'init', service: () => ({ init: true }), sets: 'HostConfig.Init' },
  { key: 'ipc', service: () => ({ ipc: 'shareable' }), sets: 'HostConfig.IpcMode' },
  { key: 'labels', service: () => ({ labels: { mine: '1', release: 'mine' } }), sets: 'Config.Labels' },
  { key: 'links', service: () => ({ links: ['image:database'] }), sets: 'NetworkSettings.Networks' },
  {
    key: 'logging',
    service: () => ({ logging: { driver: 'json-file', options: { 'max-size': '1m' } } }),
    sets: 'HostConfig.LogConfig',
  },
  { key: 'mac_address', service: () => ({ mac_address: '92:d0:c6:0a:29:34' }), sets: 'NetworkSettings.Networks' },
  {
    key: 'mem_limit, mem_reservation, memswap_limit',
    service: () => ({ mem_limit: '64m', mem_reservation: '32m', memswap_limit: '64m' }),
    sets: 'HostConfig.MemorySwap',
  },
  { key: 'network_mode: none', service: () => ({ network_mode: 'none' }), sets: 'HostConfig.NetworkMode' },
  {
    key: 'networks, with aliases and addresses',
    service: () => ({
      networks: {
        front: { aliases: ['one'], ipv4_address: '10.214.3.77', ipv6_address: 'fd00:214:3::77' },
        back: { aliases: ['two'], ipv4_address: '10.214.4.77' },
      },
    }),
    shows: ['/bin/busybox ip addr', /10\.214\.[^]*10\.214\./],
    sets: 'NetworkSettings.Networks',
    references: ['Finsys/dockhand#204', 'portainer/portainer#1491'],
  },
  { key: 'oom_score_adj', service: () => ({ oom_score_adj: 100 }), sets: 'HostConfig.OomScoreAdj' },
  { key: 'pid', service: () => ({ pid: 'host' }), sets: 'HostConfig.PidMode' },
  { key: 'pids_limit', service: () => ({ pids_limit: 50 }), sets: 'HostConfig.PidsLimit' },
  { key: 'ports', service: () => ({ ports: ['127.0.0.1::80', '127.0.0.1::81/udp'] }), sets: 'HostConfig.PortBindings' },
  {
    key: 'privileged',
    service: () => ({ privileged: true }),
    unavailable: () => 'not every machine may start one; docker run has it',
    sets: 'HostConfig.Privileged',
  },
  {
    key: 'read_only, tmpfs',
    service: () => ({ read_only: true, tmpfs: ['/scratch:size=1m'] }),
    sets: 'HostConfig.Tmpfs',
  },
  { key: 'restart', service: () => ({ restart: 'always' }), sets: 'HostConfig.RestartPolicy' },
  { key: 'runtime', service: () => ({ runtime: 'runc' }), sets: 'HostConfig.Runtime' },
  {
    key: 'security_opt',
    service: () => ({ security_opt: ['no-new-privileges:true'] }),
    sets: 'HostConfig.SecurityOpt',
  },
  { key: 'shm_size', service: () => ({ shm_size: '8m' }), sets: 'HostConfig.ShmSize' },
  { key: 'stdin_open, tty', service: () => ({ stdin_open: true, tty: true }), sets: 'Config.Tty' },
  {
    key: 'stop_signal, stop_grace_period',
    service: () => ({ stop_signal: 'SIGTERM', stop_grace_period: '3s' }),
    sets: 'Config.StopTimeout',
  },
  { key: 'sysctls', service: () => ({ sysctls: { 'net.core.somaxconn': '77' } }), sets: 'HostConfig.Sysctls' },
  { key: 'ulimits', service: () => ({ ulimits: { nofile: { soft: 1000, hard: 2000 } } }), sets: 'HostConfig.Ulimits' },
  { key: 'user', service: () => ({ user: '0:7' }), sets: 'Config.User' },
  { key: 'userns_mode', service: () => ({ userns_mode: 'host' }), sets: 'HostConfig.UsernsMode' },
  { key: 'uts', service: () => ({ uts: 'host' }), sets: 'HostConfig.UTSMode' },
  {
    key: 'volumes, short',
    service: ({ folder }) => ({ volumes: ['data:/data', `${folder}:/host:ro`] }),
    seed: 'echo kept > /data/file',
    shows: ['/bin/busybox cat /data/file', /kept/],
    sets: 'HostConfig.Binds',
  },
  {
    key: 'volumes, anonymous',
    service: () => ({ volumes: ['/data'] }),
    seed: 'echo kept > /data/file',
    shows: ['/bin/busybox cat /data/file', /kept/],
    sets: 'Mounts',
  },
  {
    key: 'volumes, long',
    service: ({ folder }) => ({
      volumes: [
        { type: 'volume', source: 'data', target: '/data', volume: { nocopy: true } },
        { type: 'bind', source: folder, target: '/host', read_only: true },
        { type: 'tmpfs', target: '/scratch', tmpfs: { size: 1048576 } },
      ],
    }),
    sets: 'HostConfig.Mounts',
  },
  {
    key: 'volumes_from',
    service: ({ donor }) => ({ volumes_from: [`container:${donor}:ro`] }),
    sets: 'HostConfig.VolumesFrom',
  },
  { key: 'working_dir', service: () => ({ working_dir: '/mine' }), sets: 'Config.WorkingDir' },
];
