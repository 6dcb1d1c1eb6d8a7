import { leftAlone, type Refusal } from '../rules/eligibility.js';
import { serviceImage, serviceLabels } from './service-spec.js';
import type { ServiceSpec } from '../engine/swarm-types.js';

/** What is known of a service besides its specification. */
export interface ServiceContext {
  /** Whether this service itself runs as a task of it, and must not be replaced: the setting `SELF_UPDATE`. */
  isOwn?: boolean;
  /** Whether a task of it stands between this service and the engine's socket. */
  isProxy?: boolean;
}

/** Says why a service must not be updated; undefined where it may be. */
export function ineligibleService(spec: ServiceSpec, { isOwn, isProxy }: ServiceContext = {}): Refusal | undefined {
  const refused = (reason: string): Refusal => ({ code: 'refused', reason: `the service ${spec.Name} ${reason}` });
  const owner = leftAlone(serviceLabels(spec));
  if (owner) return refused(owner);
  if (!spec.TaskTemplate.ContainerSpec) return refused('runs no containers; update it by hand');
  if (spec.Mode?.ReplicatedJob ?? spec.Mode?.GlobalJob)
    return refused('is a job, which an update would run again from its beginning; start it by hand');
  if (isOwn)
    return refused(
      'is this service itself, whose record would be lost in the middle; set SELF_UPDATE=true to have it updated all the same, which Swarm then does by itself, or update it by hand',
    );
  if (isProxy) return refused('is the proxy through which this service reaches the engine; update it by hand');
  const { reference, followed } = serviceImage(spec);
  if (reference.tag !== undefined) return undefined;
  return {
    code: 'image_pinned',
    reason: `the service ${spec.Name} runs ${followed}@${String(reference.digest)}, which no push can change; give it a tag, to have something to follow`,
  };
}
