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
  /** `true`: MAC addresses on further networks were set by hand and are kept, though they look like generated ones. */
  keepMac: `${prefix}keep-mac`,
} as const;
