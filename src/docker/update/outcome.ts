/** The stages of an update, in order; `rollback` replaces `commit` where the proof fails. */
export type Stage = 'recover' | 'inspect' | 'pull' | 'prepare' | 'swap' | 'prove' | 'commit' | 'rollback';

/**
 * Why an update did not succeed. Stable: clients, metrics and alerts rely on these words.
 * What each one means and what to do about it stands in README.md.
 */
export type FailureCode =
  // before anything is touched
  | 'engine_unreachable'
  | 'engine_error'
  | 'engine_timeout'
  | 'no_such_container'
  | 'no_such_service'
  | 'refused'
  | 'image_pinned'
  | 'no_previous_image'
  | 'registry_credentials'
  | 'pull_unauthorized'
  | 'pull_not_found'
  | 'pull_failed'
  | 'pull_timeout'
  | 'rate_limited'
  | 'disk_full'
  | 'digest_mismatch'
  | 'known_bad'
  | 'not_faithful'
  | 'create_failed'
  | 'container_changed'
  | 'another_instance'
  // after the old container was stopped
  | 'stop_failed'
  | 'start_failed'
  | 'exited'
  | 'restarting'
  | 'unhealthy'
  | 'proof_timeout'
  | 'rollback_failed'
  | 'kept_stopped'
  | 'update_paused'
  // neither
  | 'interrupted'
  | 'internal_error';

/** An expected failure of an update: what happened, at which stage, and what to do. Logged once, by the worker. */
export class UpdateError extends Error {
  override readonly name = 'UpdateError';
  /** The replacement that failed, where it is known which one. */
  readonly containerId: string | undefined;
  /** Of a container that was seen to have ended: it may be running again when the evidence is collected. */
  readonly exitCode: number | undefined;

  constructor(
    readonly code: FailureCode,
    readonly stage: Stage,
    message: string,
    options?: ErrorOptions &
      Partial<Pick<UpdateError, 'containerId' | 'exitCode' | 'passes' | 'servedDigest' | 'retryAt' | 'retryAfterMs'>>,
  ) {
    super(message, options);
    this.containerId = options?.containerId;
    this.exitCode = options?.exitCode;
    this.passes = options?.passes;
    this.servedDigest = options?.servedDigest;
    this.retryAt = options?.retryAt;
    this.retryAfterMs = options?.retryAfterMs;
  }

  /** Whether asking again later may succeed: the registry has not got the image yet, or fails for a while. */
  readonly passes?: boolean;
  /** What the registry serves instead of the digest that was expected. */
  readonly servedDigest?: string;
  /** When the registry is asked again at the earliest, where it said so: ISO 8601, UTC. */
  readonly retryAt?: string;
  /** Of one that passes: how long to wait at least before asking again. */
  readonly retryAfterMs?: number;
}

/** A container that was replaced along with the one that it depends on. */
export interface Dependent {
  name: string;
  fromContainerId: string;
  /** The container that has the name now. */
  containerId: string;
}

/** What an update found and did, as far as it came. Image ids and digests are `sha256:<hex>`. */
export interface Findings {
  /** The Swarm service that was updated, in place of a container. */
  service?: string;
  image?: string;
  fromImageId?: string;
  toImageId?: string;
  /** The registry's digest of the image that was replaced, where the engine knows exactly one. */
  fromDigest?: string;
  /** The registry's digest of the image that was pulled. */
  digest?: string;
  /** How much of it was downloaded, as far as the engine said. */
  pulledBytes?: number;
  /** The container that has the name now. */
  containerId?: string;
  /** Whether a rollback put the local tag back; false: another container runs the new image from it. */
  tagRestored?: boolean;
  /** From the end of the old container to the start of the one that runs now, by the engine's clock. */
  downtimeMs?: number;
  running?: boolean;
  /** In the order of their starts. */
  dependents?: Dependent[];
  warnings?: string[];
}

/** What a replacement that failed left behind, for the people who have to find out why. */
export interface Evidence {
  exitCode?: number;
  healthOutput?: string;
  logTail?: string[];
  /** Whose it is, when that is not the container that the update is for: its dependent's, or a service's. */
  evidenceOf?: string;
}

/** Why an update did not succeed, for its record. */
export type FailureDetails = {
  code: FailureCode;
  stage: Stage;
  message: string;
  servedDigest?: string;
  retryAt?: string;
} & Evidence;

/**
 * How an update ended: expected failures are values. `failed` in a stage before `swap` means that nothing was touched; what it means in a later
 * one is listed in README.md. `postponed` means that nothing was touched and that trying again later may succeed.
 */
export type UpdateOutcome = Findings &
  (
    | { status: 'succeeded'; result: 'updated' | 'up_to_date' }
    | { status: 'failed' | 'rolled_back' | 'dropped'; error: FailureDetails }
    | { status: 'postponed'; error: FailureDetails; retryAfterMs?: number }
  );
