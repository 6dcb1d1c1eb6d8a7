import { matchesAny } from '../config/name-glob.js';
import type { ContainerRule } from '../config/policy/policy.schema.js';
import type { ContainerInspect } from './engine-types.js';
import { parseImageReference } from './image-reference.js';
import { labels } from './labels.js';

/**
 * Why those who run the service do not let a container be updated; undefined where they do. The words follow its name. A container
 * that is labelled `false` says no for itself (eligibility.ts), whatever is said here.
 * @param rules what the policy says of it
 * @param requireLabel whether only containers that are labelled `true` may be updated
 */
export function restriction(
  { Config }: Pick<ContainerInspect, 'Config'>,
  rules: Pick<ContainerRule, 'disabled' | 'repositories'>,
  requireLabel: boolean,
): string | undefined {
  if (rules.disabled) return 'is disabled by the policy file';
  if (requireLabel && Config.Labels?.[labels.enable]?.toLowerCase() !== 'true')
    return `does not have the label ${labels.enable}=true, which REQUIRE_LABEL asks for; recreate it with the label to have it updated`;
  if (rules.repositories && !matchesAny(rules.repositories, repositoryOf(Config.Image)))
    return `runs ${Config.Image}, and the policy file lets it be updated from ${rules.repositories.join(', ')} alone`;
  return undefined;
}

/** `docker.io/library/nginx` of `nginx:1`; nothing that a glob matches where the image is none of a repository. */
function repositoryOf(image: string): string {
  try {
    const { domain, path } = parseImageReference(image);
    return `${domain}/${path}`;
  } catch {
    return '';
  }
}
