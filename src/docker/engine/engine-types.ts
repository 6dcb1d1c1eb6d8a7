/**
 * The engine's JSON, as far as this service looks at it. Fields that it does not know are carried forward (the index
 * signatures): a new engine adds fields, and a user may have set them.
 */

export interface EngineVersion {
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  Os: string;
  Arch: string;
}

export interface EngineInfo {
  ID?: string;
  /** Of the engine's host. */
  Name?: string;
  /** By the engine's clock, RFC 3339. */
  SystemTime?: string;
  LoggingDriver?: string;
  DefaultRuntime?: string;
  /** Where the engine keeps images and containers, on its own host. */
  DockerRootDir?: string;
  /** What the storage driver says of itself, pairs of a name and a value. */
  DriverStatus?: [string, string][] | null;
  Swarm?: { LocalNodeState?: string; ControlAvailable?: boolean };
}

export interface RestartPolicy {
  Name?: string;
  MaximumRetryCount?: number;
}

export interface Healthcheck {
  Test?: string[] | null;
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

export interface ContainerConfig {
  Hostname?: string;
  Domainname?: string;
  User?: string;
  Image: string;
  Env?: string[] | null;
  Cmd?: string[] | null;
  Entrypoint?: string[] | null;
  Labels?: Record<string, string> | null;
  Healthcheck?: Healthcheck | null;
  ExposedPorts?: Record<string, object> | null;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  StopSignal?: string;
  StopTimeout?: number | null;
  Shell?: string[] | null;
  OnBuild?: string[] | null;
  ArgsEscaped?: boolean;
  MacAddress?: string;
  Tty?: boolean;
  [field: string]: unknown;
}

export interface Mount {
  Type: string;
  Source?: string;
  Target?: string;
  ReadOnly?: boolean;
  VolumeOptions?: Record<string, unknown> | null;
  [field: string]: unknown;
}

export interface PortBinding {
  HostIp?: string;
  HostPort?: string;
}

export interface HostConfig {
  NetworkMode?: string;
  IpcMode?: string;
  PidMode?: string;
  UTSMode?: string;
  RestartPolicy?: RestartPolicy;
  AutoRemove?: boolean;
  Binds?: string[] | null;
  Mounts?: Mount[] | null;
  Tmpfs?: Record<string, string> | null;
  VolumesFrom?: string[] | null;
  PortBindings?: Record<string, PortBinding[] | null> | null;
  ContainerIDFile?: string;
  MaskedPaths?: string[] | null;
  ReadonlyPaths?: string[] | null;
  Links?: string[] | null;
  Dns?: string[] | null;
  DnsOptions?: string[] | null;
  DnsSearch?: string[] | null;
  ExtraHosts?: string[] | null;
  PublishAllPorts?: boolean;
  Sysctls?: Record<string, string> | null;
  [field: string]: unknown;
}

export interface EndpointIpam {
  IPv4Address?: string;
  IPv6Address?: string;
  LinkLocalIPs?: string[] | null;
}

export interface EndpointSettings {
  Aliases?: string[] | null;
  Links?: string[] | null;
  DriverOpts?: Record<string, string> | null;
  IPAMConfig?: EndpointIpam | null;
  MacAddress?: string;
  GwPriority?: number;
  NetworkID?: string;
  IPAddress?: string;
  Gateway?: string;
  GlobalIPv6Address?: string;
  /** API 1.45. */
  DNSNames?: string[] | null;
  [field: string]: unknown;
}

export interface MountPoint {
  Type: string;
  Name?: string;
  Source?: string;
  Destination: string;
  RW?: boolean;
  Propagation?: string;
  Driver?: string;
  [field: string]: unknown;
}

export interface ContainerState {
  Status: string;
  Running: boolean;
  Paused: boolean;
  Restarting: boolean;
  Dead: boolean;
  OOMKilled?: boolean;
  ExitCode: number;
  Error?: string;
  StartedAt: string;
  FinishedAt: string;
  Health?: { Status: string; FailingStreak?: number; Log?: { ExitCode: number; Output: string }[] | null };
}

export interface ContainerInspect {
  Id: string;
  Name: string;
  Created: string;
  Image: string;
  RestartCount: number;
  State: ContainerState;
  Config: ContainerConfig;
  HostConfig: HostConfig;
  Mounts: MountPoint[];
  NetworkSettings: {
    Networks?: Record<string, EndpointSettings> | null;
    /** Of one that runs: where its ports are published. */
    Ports?: Record<string, PortBinding[] | null> | null;
  };
  /** Not on the containerd image store. */
  GraphDriver?: { Data?: Record<string, string> | null };
  /** API 1.48, containerd image store. */
  ImageManifestDescriptor?: { digest: string };
}

export interface ContainerSummary {
  Id: string;
  Names: string[];
  /** The reference that it was created with, as long as that still means its image; else the image's id. */
  Image: string;
  ImageID: string;
  /** As `docker ps --filter status` knows it, such as `running`. */
  State?: string;
  Labels?: Record<string, string> | null;
  Ports?: { PublicPort?: number }[] | null;
  NetworkSettings?: { Networks?: Record<string, EndpointSettings> | null };
}

export interface ImageInspect {
  Id: string;
  RepoTags?: string[] | null;
  RepoDigests?: string[] | null;
  Os?: string;
  Architecture?: string;
  Variant?: string;
  Config?: Partial<ContainerConfig> | null;
  /** API 1.48, where asked for. */
  Manifests?: { ID: string; Kind: string; Available: boolean }[] | null;
}

/** What a registry serves (OCI image spec, descriptor). */
export interface Descriptor {
  mediaType: string;
  digest: string;
}

/** What a registry serves for a reference, and the platforms that it is for. */
export interface Distribution {
  Descriptor: Descriptor;
  /** In lower case, as in the OCI image spec. */
  Platforms?: { architecture?: string; os?: string }[] | null;
}

export interface CreateRequest extends Partial<ContainerConfig> {
  HostConfig?: HostConfig;
  NetworkingConfig?: { EndpointsConfig?: Record<string, EndpointSettings> };
}

/** An entry of `GET /containers/{id}/changes`: 0 is modified, 1 added, 2 deleted. */
export interface FilesystemChange {
  Path: string;
  Kind: number;
}

/** What the engine tells of a path in a container (moby api/types/container, `PathStat`). */
export interface PathStat {
  name: string;
  size: number;
  /** Go's os.FileMode. */
  mode: number;
  mtime: string;
}
