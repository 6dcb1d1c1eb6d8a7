import type { Permission } from '../inspect/inspection.js';
import type { TargetType } from '../inspect/target-resolver.js';

/** What is known of those who asked for an update. */
export interface UpdateRequest {
  mayUpdate: Permission;
  /** By what the caller knows the update; comes back with the result if the service replaces itself. */
  reference: string;
  /** The registry's digest that must come out; without it, whatever the tag means. */
  expectedDigest?: string;
  /** Whether an image from which an update was rolled back is tried again. */
  retry?: boolean;
  /** Whether a container that does not run is started. */
  startStopped?: boolean;
  /** Whether the expected digest is looked for the last time. */
  isLastLook?: boolean;
  /** What the name has to mean; without it a container is taken before a service of a Swarm. */
  target?: TargetType;
}
