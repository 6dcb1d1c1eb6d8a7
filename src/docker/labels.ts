const prefix = 'trigger-docker-pull.';

/** The labels by which a container says how it wants to be updated. */
export const labels = {
  /** `false`: this container is never updated. */
  enable: `${prefix}enable`,
  /** How long a replacement without HEALTHCHECK must run before it counts as proved: a duration such as `10s`. */
  settle: `${prefix}settle`,
  /** How long a replacement may take to prove itself: a duration such as `2m`. */
  timeout: `${prefix}timeout`,
  /** What proves a replacement: `healthy`, `running` or `none`. */
  proof: `${prefix}proof`,
  onFailure: `${prefix}on-failure`,
  /** `start-first`: the replacement starts beside the old container. */
  order: `${prefix}order`,
  /** With `start-first`: how long the old container drains before it is stopped. */
  drain: `${prefix}drain`,
  /** `true`: with `start-first`, old and new may write to the same volumes and binds for a while. */
  shareVolumes: `${prefix}share-volumes`,
  /** `true`: updated although it was started with `--rm` and vanishes when it stops, so that nothing can be rolled back. */
  autoRemove: `${prefix}auto-remove`,
  /** `true`: MAC addresses on further networks were set by hand and are kept, though they look like generated ones. */
  keepMac: `${prefix}keep-mac`,
} as const;
