import type { ContainerRules } from '../rules/container-rules.js';
import type { Refusal } from '../rules/eligibility.js';
import { labels } from '../update/labels.js';
import type { UpdateOptions } from '../rules/update-options.js';
import { ineligibleService, type ServiceContext } from './service-refusal.js';
import { serviceImage, serviceLabels } from './service-spec.js';
import type { ServiceSpec } from '../engine/swarm-types.js';

/** Labels for what Swarm does in its own way. */
const unheeded = [
  ...[labels.order, labels.onFailure, labels.proof, labels.drain, labels.shareVolumes],
  ...[labels.copiedFiles, labels.renewVolumes, labels.start, labels.unhealthyGrace, labels.proofRestarts],
];

/** Says why a service must not be updated; undefined if it may be. All labels of its specification were set on it. */
export function refusalOfService(
  rules: Pick<ContainerRules, 'restrictionOf'>,
  spec: ServiceSpec,
  context: ServiceContext,
): Refusal | undefined {
  const refusal = ineligibleService(spec, context);
  if (refusal?.code === 'refused') return refusal;
  const reason = rules.restrictionOf(spec.Name, { labels: serviceLabels(spec), image: serviceImage(spec).followed });
  return reason === undefined ? refusal : { code: 'refused', reason: `the service ${spec.Name} ${reason}` };
}

/** How a service wants to be updated. */
export interface ServiceOptions {
  options: Pick<UpdateOptions, 'settleMs' | 'timeoutMs' | 'tellsOutput'>;
  /** Of labels that mean nothing for a service. */
  warnings: string[];
}

/** Reads the labels of a service. @throws as `optionsOf` */
export function optionsOfService(rules: Pick<ContainerRules, 'optionsOf'>, spec: ServiceSpec): ServiceOptions {
  const set = serviceLabels(spec);
  const idle = unheeded.filter((label) => Object.hasOwn(set, label));
  return {
    options: rules.optionsOf(spec.Name, set),
    warnings: idle.map((label) => `the label ${label} means nothing for a service: its update_config decides`),
  };
}
