import type { Attribution } from './attribution.js';
import type { FailureCode, Stage } from './outcome.js';
import type { ProofPolicy } from './proof-policy.js';
import type { UpdateOptions } from './update-options.js';

/** Why an update would end before anything is touched, in the words of a deployment's `error`. */
export interface PlanRefusal {
  code: FailureCode;
  stage: Stage;
  message: string;
}

/** What an update would do. */
export interface Prospects extends Pick<UpdateOptions, 'order' | 'onFailure'> {
  proof: ProofPolicy;
  /** Whether two of the container can run at once, and why not. */
  startFirst: { possible: true } | { possible: false; reason: string };
  /** The containers that would be replaced with it, in the order of their starts. */
  dependents: string[];
  values: Attribution;
  warnings: string[];
}

/** What would become of an update, if the new image were configured like the present one. */
export type UpdatePlan = {
  container: string;
  /** The reference that it follows, and the image that it runs. */
  image?: string;
  fromImageId?: string;
  /** The registry's digest of that image, where the engine knows exactly one. */
  fromDigest?: string;
} & ({ eligible: false; refusal: PlanRefusal } | ({ eligible: true } & Prospects));
