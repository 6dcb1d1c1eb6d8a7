import { matchesAny } from '../../common/name-glob.js';
import type { ContainerRule } from '../../config/policy/policy.schema.js';
import { repositoryIn } from '../images/image-reference.js';
import { readLabel } from '../update/label-values.js';
import { labels } from '../update/labels.js';

/** What is asked for of a container, or of a service. */
export interface Restricted {
  /** The reference that it follows. */
  image: string;
  /** The labels that were set on it: those of its image do not count. */
  labels: Readonly<Record<string, string>>;
}

/**
 * Why those who run the service do not let a container be updated; undefined where they do. The words follow its name. A container
 * that is labelled `false` says no for itself (eligibility.ts), whatever is said here.
 * @param rules what the policy says of it
 * @param requireLabel whether only containers that are labelled `true` may be updated
 * @throws Error if the label is not understood, which eligibility.ts refuses before
 */
export function restriction(
  { image, labels: set }: Restricted,
  rules: Pick<ContainerRule, 'disabled' | 'repositories'>,
  requireLabel: boolean,
): string | undefined {
  if (rules.disabled) return 'is disabled by the policy file';
  if (requireLabel && readLabel(set, 'enable') !== true)
    return `does not have the label ${labels.enable}=true, which REQUIRE_LABEL asks for; recreate it with the label to have it updated (a label of its image does not count)`;
  if (isFrom(image, rules)) return undefined;
  return `runs ${image}, and the policy file lets it be updated from ${(rules.repositories ?? []).join(', ')} alone`;
}

/**
 * Whether the policy lets a container run an image of this reference, wherever the reference comes from.
 * @param reference an image's id names no repository: only a rule for all of them, `*`, allows it
 */
export function isFrom(reference: string, { repositories }: Pick<ContainerRule, 'repositories'>): boolean {
  if (repositories === undefined) return true;
  return matchesAny(repositories, repositoryIn(reference) ?? '');
}
