import type { ContainerInspect, EndpointSettings } from '../engine/engine-types.js';
import type { Pair } from '../update/pair.js';
import type { ProofPolicy } from '../rules/proof-policy.js';
import type { UpdateOptions } from '../rules/update-options.js';

/** A container of an update with the replacement that was created beside it. */
export interface Member {
  /** The old container as it was when the update began. */
  old: ContainerInspect;
  replacement: ContainerInspect;
  pair: Pair;
  policy: ProofPolicy;
  options: UpdateOptions;
  /** Its endpoints on overlay networks, whose addresses can be told only once the old container has stopped. */
  undecided: { network: string; endpoint: EndpointSettings }[];
  /** What the replacement of a `start-first` update gets once it is proved: its networks with the names on them. */
  handOver: { network: string; endpoint: EndpointSettings }[];
}

/**
 * All containers of one update, in the order in which they start: the target, then those that cannot do without it,
 * each after the ones that it depends on. They stop in the reverse order, and share their fate: all are replaced, or none.
 */
export type Members = readonly [target: Member, ...dependents: Member[]];
