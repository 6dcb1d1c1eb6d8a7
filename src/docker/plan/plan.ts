import type { Attribution } from './attribution.js';
import type { FailureCode, Stage } from '../update/outcome.js';
import type { ProofPolicy } from '../rules/proof-policy.js';
import type { UpdateOptions } from '../rules/update-options.js';

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

/** What Swarm would do with a service, as its own update configuration says. */
export interface ServiceProspects {
  order: string;
  onFailure: string;
  /** How many tasks are replaced at a time; 0 for all at once. */
  parallelism: number;
  /** How many tasks there are to be; not there in a global service, which has one on each node. */
  replicas?: number;
  warnings: string[];
}

interface Subject {
  container: string;
  /** The reference that it follows, and the image that it runs. */
  image?: string;
  fromImageId?: string;
  /** The registry's digest of that image, where the engine knows exactly one. */
  fromDigest?: string;
}
type Refused = Subject & { eligible: false; refusal: PlanRefusal };

/** What would become of a container's update, if the new image were configured like the present one. */
export type ContainerPlan = Refused | (Subject & { eligible: true } & Prospects);

/** The same of a service of a Swarm. */
export type ServicePlan = (Refused | (Subject & { eligible: true } & ServiceProspects)) & { service: string };

export type UpdatePlan = ContainerPlan | ServicePlan;
