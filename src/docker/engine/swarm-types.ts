/**
 * The engine's JSON of a Swarm, as far as this service looks at it (Engine API, "Service" and "Task"). Fields that it does
 * not know are carried forward, as everywhere.
 */

export interface Platform {
  Architecture?: string;
  OS?: string;
}

export interface ServiceSpec {
  Name: string;
  Labels?: Record<string, string> | null;
  TaskTemplate: {
    /** Not there in a plugin's, or a network attachment's. */
    ContainerSpec?: {
      Image: string;
      Labels?: Record<string, string> | null;
      Env?: string[] | null;
      Command?: string[] | null;
      Args?: string[] | null;
      TTY?: boolean;
      Secrets?: unknown[] | null;
      Configs?: unknown[] | null;
      [field: string]: unknown;
    };
    Placement?: { Platforms?: Platform[] | null; [field: string]: unknown };
    Runtime?: string;
    [field: string]: unknown;
  };
  Mode?: {
    Replicated?: { Replicas?: number };
    Global?: object;
    ReplicatedJob?: object;
    GlobalJob?: object;
  };
  UpdateConfig?: UpdateConfig;
  RollbackConfig?: UpdateConfig;
  [field: string]: unknown;
}

/** How a service is updated, or rolled back; durations in nanoseconds. */
export interface UpdateConfig {
  Parallelism?: number;
  Delay?: number;
  Monitor?: number;
  FailureAction?: string;
  Order?: string;
  [field: string]: unknown;
}

/** moby, api/types/swarm/service.go: the API's documentation lists fewer. */
export type UpdateState =
  'updating' | 'paused' | 'completed' | 'rollback_started' | 'rollback_paused' | 'rollback_completed';

export interface ServiceInspect {
  ID: string;
  Version: { Index: number };
  Spec: ServiceSpec;
  PreviousSpec?: ServiceSpec | null;
  /** Not there before the first update, and after one that changed nothing in the tasks. */
  UpdateStatus?: { State?: UpdateState; Message?: string };
}

export interface Task {
  ID: string;
  /** Not there in a global service, whose tasks have a node each. */
  Slot?: number;
  NodeID?: string;
  Spec: { ContainerSpec?: { Image?: string; TTY?: boolean } };
  Status: {
    Timestamp?: string;
    State: string;
    Message?: string;
    Err?: string;
    ContainerStatus?: { ContainerID?: string; ExitCode?: number };
  };
  DesiredState: string;
}
