const prefix = 'trigger-docker-pull.';

/** The labels by which a container says how it wants to be updated, and those that an update writes. */
export const labels = {
  /** `false`: this container is never updated. */
  enable: `${prefix}enable`,
  /** `true`: a container that does not run is started by its update, and proved. */
  start: `${prefix}start`,
  /** How long a replacement without HEALTHCHECK must run before it counts as proved: a duration such as `10s`. */
  settle: `${prefix}settle`,
  /** How long a replacement may take to prove itself: a duration such as `2m`. */
  timeout: `${prefix}timeout`,
  /** What proves a replacement: `healthy`, `running` or `none`. */
  proof: `${prefix}proof`,
  /** How long after its start `unhealthy` is not final: a duration such as `1m`. */
  unhealthyGrace: `${prefix}unhealthy-grace`,
  /** How often a replacement may be restarted by its restart policy within its proof: a whole number. */
  proofRestarts: `${prefix}proof-restarts`,
  /** What becomes of a replacement that fails its proof: `rollback` or `stop`. */
  onFailure: `${prefix}on-failure`,
  /** Whether the old container stops before the replacement starts: `stop-first` or `start-first`. */
  order: `${prefix}order`,
  /** How long the old container of a `start-first` update serves on beside its replacement: a duration such as `10s`. */
  drain: `${prefix}drain`,
  /** `true`: old and new container may write to the same volumes at once, which `start-first` has them do. */
  shareVolumes: `${prefix}share-volumes`,
  /** `true`: MAC addresses on further networks were set by hand and are kept, though they look like generated ones. */
  keepMac: `${prefix}keep-mac`,
  /** `true`: a container run with `--rm` may be updated, though only a copy of it can come back: see stand-in.ts. */
  allowAutoRemove: `${prefix}allow-auto-remove`,
  /** The files that were copied into the container when it was made, or `none`: see carried-files.ts. */
  copiedFiles: `${prefix}copied-files`,
  /** Anonymous volumes that an update makes anew, by their paths: see renewed-volumes.ts. */
  renewVolumes: `${prefix}renew-volumes`,
  /** `false`: what a failed replacement printed is not told. `true`: told of a Swarm service with secrets or configs too. */
  logTail: `${prefix}log-tail`,
  /** Written by an update: the anonymous volumes that it made anew, by their names; the next update removes them. */
  replacedVolumes: `${prefix}replaced-volumes`,
  /** Written by an update: the image that ran before, as `repository@sha256:…`, or its id where no registry has it. */
  previous: `${prefix}previous`,
  /** Written by an update: the id of the container that this one was created to replace, or to stand in for. */
  replaces: `${prefix}replaces`,
  /** Written on a helper: the id of the container of this service that it replaces. See helper-mark.ts. */
  helperOf: `${prefix}helper-of`,
} as const;

const known = new Set<string>(Object.values(labels));

/** Labels with our prefix that mean nothing, most likely misspelt: what they were to switch off would stay on. */
export function unknownLabels(of: Readonly<Record<string, string>>): string[] {
  return Object.keys(of).filter((name) => name.startsWith(prefix) && !known.has(name));
}
