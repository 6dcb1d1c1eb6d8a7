import { Inject, Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { PolicyFile } from '../../config/policy/policy-file.js';
import { rulesFor } from '../../config/policy/policy.js';
import { settings, type Settings } from '../../config/settings.js';
import { ineligible, leftAlone, managerOf, type EligibilityContext, type Refusal } from './eligibility.js';
import type { ContainerInspect, ImageInspect } from '../engine/engine-types.js';
import { readLabel } from '../update/label-values.js';
import { labels } from '../update/labels.js';
import { labelsOfUser } from '../update/labels-of-user.js';
import { isFrom, restriction, type Restricted } from './restrictions.js';
import { optionsOf, type UpdateOptions } from './update-options.js';
import { nameOf } from '../engine/container.js';

/** What says how a container is updated. REQUIRE_LABEL and opt-outs are looked at apart, and an update writes the last two itself. */
const optionLabels = new Set<string>(Object.values(labels));
for (const label of [labels.enable, labels.previous, labels.replacedVolumes, labels.helperOf])
  optionLabels.delete(label);

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

  /**
   * Why a container must not be updated; undefined where it may be.
   * @param image the image that it runs; undefined if it is gone
   */
  refusalOf(
    container: ContainerInspect,
    image: Pick<ImageInspect, 'Config'> | undefined,
    context: EligibilityContext,
  ): Refusal | undefined {
    const name = nameOf(container);
    const refusal = ineligible(container, image, context);
    if (refusal?.code === 'refused') return refusal;
    const reason = this.restrictionOf(name, { image: container.Config.Image, labels: labelsOfUser(container, image) });
    return reason === undefined ? refusal : { code: 'refused', reason: `${name} ${reason}` };
  }

  /** Why the policy or REQUIRE_LABEL forbids an update; undefined if neither does. The words follow the name. */
  restrictionOf(name: string, subject: Restricted): string | undefined {
    return restriction(subject, rulesFor(this.policy.current(), name), this.settings.requireLabel);
  }

  /**
   * Why a container that may be updated must not get this image: with it, it would be one that may not be updated, or that
   * another manager takes for its own. Undefined where it may get it.
   */
  refusalOfNewImage(
    container: ContainerInspect,
    oldImage: Pick<ImageInspect, 'Config'>,
    newImage: Pick<ImageInspect, 'Config'>,
  ): string | undefined {
    const brought = newImage.Config?.Labels ?? {};
    const after = { ...brought, ...labelsOfUser(container, oldImage) };
    const present = container.Config.Labels ?? {};
    const manager = managerOf(
      Object.fromEntries(Object.entries(brought).filter(([name]) => !Object.hasOwn(present, name))),
    );
    if (manager)
      return `would get the label ${manager.label} from its new image, and be taken for one of ${manager.is}`;
    if (leftAlone(after) !== undefined)
      return `would never be updated again: its new image sets the label ${labels.enable}=${(after[labels.enable] ?? '').slice(0, 100)}`;
    const set = labelsOfUser({ Config: { ...container.Config, Labels: after } }, newImage);
    const lost = this.optionLost(nameOf(container), labelsOfUser(container, oldImage), set);
    if (lost !== undefined)
      return `would lose what its label ${lost} says: its new image sets the same label, so that nobody could tell whether it was set on the container`;
    if (!this.settings.requireLabel || readLabel(set, 'enable') === true) return undefined;
    return `would never be updated again: its new image sets the label ${labels.enable}=true too, so that nobody could tell whether it was set on the container, as REQUIRE_LABEL asks`;
  }

  /**
   * The first label of a container that makes a difference to its updates now, and would make none once its image has it too.
   * @param before what was set on it
   * @param after what of it could still be told from what its image has
   */
  private optionLost(
    name: string,
    before: Readonly<Record<string, string>>,
    after: Readonly<Record<string, string>>,
  ): string | undefined {
    const gone = Object.keys(before).filter((label) => optionLabels.has(label) && !Object.hasOwn(after, label));
    return gone.find((label) => {
      const { [label]: _, ...without } = before;
      const effects = [before, without].map((set) => [
        this.optionsOf(name, set, before),
        readLabel(set, 'keepMac') ?? false,
        readLabel(set, 'allowAutoRemove') ?? false,
      ]);
      return !isDeepStrictEqual(effects[0], effects[1]);
    });
  }

  /**
   * Why the policy does not let a container, or a service, run an image that it does not get by the reference that it
   * follows. The words follow its name.
   * @param references what the image is known by: one from an allowed repository will do
   */
  refusalOfImage(name: string, references: readonly [string, ...string[]]): string | undefined {
    const rules = rulesFor(this.policy.current(), name);
    if (references.some((reference) => isFrom(reference, rules))) return undefined;
    return `would run ${references[0]}, and the policy file lets it be updated from ${(rules.repositories ?? []).join(', ')} alone`;
  }

  /**
   * How a container wants to be updated.
   * @param name the one that it is known by, as a replacement has another one for a while
   * @param set the labels that were set on it: those of its image do not count
   * @param all its labels, whoever set them, for what anybody may ask for
   * @throws Error on a text that cannot be understood, with its name and rule
   */
  optionsOf(
    name: string,
    set: Readonly<Record<string, string>>,
    all: Readonly<Record<string, string>> = set,
  ): UpdateOptions {
    return optionsOf(set, rulesFor(this.policy.current(), name), this.settings, all);
  }
}
