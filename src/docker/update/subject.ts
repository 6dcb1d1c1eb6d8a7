import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import type { NamespaceMode } from '../engine/namespaces.js';

/** A container that is to be replaced, and the image that it runs. */
export interface Subject {
  old: ContainerInspect;
  oldImage: ImageInspect;
  /** Whether this service runs in it. */
  isOwn?: boolean;
  /** The namespaces whose owner is gone; `old` names the ones that the replacement joins instead: see startability.ts. */
  dead?: readonly NamespaceMode[];
  /** Why it could not be started, with what to do, if it does not run. */
  cannotStart?: string;
  /** The copy that is parked in its place where it vanishes when it stops: see stand-in.ts. */
  standIn?: ContainerInspect;
}

/** The target of an update, then those that cannot do without it, each after the ones that it depends on. */
export type Subjects = readonly [target: Subject, ...dependents: Subject[]];
