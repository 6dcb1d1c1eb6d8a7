import { Inject, Injectable } from '@nestjs/common';
import { PolicyFile } from '../config/policy/policy-file.js';
import { rulesFor } from '../config/policy/policy.js';
import { settings, type Settings } from '../config/settings.js';
import { ineligible, type EligibilityContext, type Refusal } from './eligibility.js';
import type { ContainerInspect } from './engine-types.js';
import { labels } from './labels.js';
import { nameOf } from './pair.js';
import { restriction } from './restrictions.js';
import { ineligibleService, type ServiceContext } from './swarm/service-refusal.js';
import { serviceImage, serviceLabels } from './swarm/service-spec.js';
import type { ServiceSpec } from './swarm/swarm-types.js';
import { optionsOf, type UpdateOptions } from './update-options.js';

/** Labels for what Swarm does in its own way. */
const unheeded = [
  ...[labels.order, labels.onFailure, labels.proof, labels.drain, labels.shareVolumes],
  ...[labels.copiedFiles, labels.renewVolumes, labels.start],
];

/** What holds for a container, or a service: the policy wins over its labels, and they over the settings. */
@Injectable()
export class ContainerRules {
  constructor(
    private readonly policy: PolicyFile,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'settleTimeMs' | 'requireLabel'>,
  ) {}

  /** Takes a new policy if there is one: rules are asked for at any time, also when nobody calls. Never rejects. */
  async refresh(): Promise<void> {
    await this.policy.refresh();
  }

  /** Why a container must not be updated; undefined where it may be. */
  refusalOf(container: ContainerInspect, context: EligibilityContext): Refusal | undefined {
    const name = nameOf(container);
    const refusal = ineligible(container, context);
    if (refusal?.code === 'refused') return refusal;
    const reason = restriction(container, rulesFor(this.policy.current(), name), this.settings.requireLabel);
    return reason === undefined ? refusal : { code: 'refused', reason: `${name} ${reason}` };
  }

  /** Why a service of a Swarm must not be updated; undefined where it may be. */
  refusalOfService(spec: ServiceSpec, context: ServiceContext): Refusal | undefined {
    const refusal = ineligibleService(spec, context);
    if (refusal?.code === 'refused') return refusal;
    const reason = restriction(
      asContainer(spec),
      rulesFor(this.policy.current(), spec.Name),
      this.settings.requireLabel,
    );
    return reason === undefined ? refusal : { code: 'refused', reason: `the service ${spec.Name} ${reason}` };
  }

  /** How a service wants to be updated, and which of its wishes are not ours to fulfil. @throws as `optionsOf` */
  optionsOfService(spec: ServiceSpec): { options: Pick<UpdateOptions, 'settleMs' | 'timeoutMs'>; warnings: string[] } {
    const options = this.optionsOf(spec.Name, asContainer(spec));
    const idle = unheeded.filter((label) => Object.hasOwn(serviceLabels(spec), label));
    return {
      options,
      warnings: idle.map((label) => `the label ${label} means nothing for a service: its update_config decides`),
    };
  }

  /**
   * How a container wants to be updated.
   * @param name the one that it is known by, as a replacement has another one for a while
   * @throws Error on a text that cannot be understood, with its name and rule
   */
  optionsOf(name: string, container: Pick<ContainerInspect, 'Config'>): UpdateOptions {
    return optionsOf(container, rulesFor(this.policy.current(), name), this.settings);
  }
}

/** A service as far as labels and image are asked for, which both kinds have. */
function asContainer(spec: ServiceSpec): Pick<ContainerInspect, 'Config'> {
  return { Config: { Labels: serviceLabels(spec), Image: serviceImage(spec).followed } };
}
