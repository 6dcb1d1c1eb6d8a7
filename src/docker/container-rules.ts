import { Inject, Injectable } from '@nestjs/common';
import { PolicyFile } from '../config/policy/policy-file.js';
import { rulesFor } from '../config/policy/policy.js';
import { settings, type Settings } from '../config/settings.js';
import { ineligible, type EligibilityContext, type Refusal } from './eligibility.js';
import type { ContainerInspect } from './engine-types.js';
import { nameOf } from './pair.js';
import { restriction } from './restrictions.js';
import { optionsOf, type UpdateOptions } from './update-options.js';

/** What holds for a container: the policy wins over its labels, and they over the settings. */
@Injectable()
export class ContainerRules {
  constructor(
    private readonly policy: PolicyFile,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'settleTimeMs' | 'requireLabel'>,
  ) {}

  /** Why a container must not be updated; undefined where it may be. */
  refusalOf(container: ContainerInspect, context: EligibilityContext): Refusal | undefined {
    const name = nameOf(container);
    const refusal = ineligible(container, context);
    if (refusal?.code === 'refused') return refusal;
    const reason = restriction(container, rulesFor(this.policy.current(), name), this.settings.requireLabel);
    return reason === undefined ? refusal : { code: 'refused', reason: `${name} ${reason}` };
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
