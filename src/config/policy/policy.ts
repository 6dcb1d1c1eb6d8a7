import { matchesGlob } from '../../common/name-glob.js';
import type { Secret } from '../secret.js';
import type { Action, ContainerRule, PolicyDocument } from './policy.schema.js';

/** A token as it is checked. */
export interface PolicyToken {
  id: string;
  secret: Secret;
  /** Where it can be read in clear, for what must not be told; neither where only its digest is known. */
  source: { file?: string; value?: string };
  containers: string[];
  actions: Action[];
  /** ms since the epoch */
  expiresAt?: number;
}

/** The policy in force. */
export interface Policy {
  /** Why every notify is refused for now; undefined where none is. */
  frozenBecause?: string;
  tokens: PolicyToken[];
  oidc: PolicyDocument['oidc'];
  containers: PolicyDocument['containers'];
}

/** Why a policy cannot be used: one line each. Holds no secret. */
export class InvalidPolicy extends Error {
  override readonly name = 'InvalidPolicy';

  constructor(problems: string[]) {
    super(problems.join('; '));
  }
}

/** What holds where there is no policy file: nothing is granted to anybody, no container is treated specially. */
export const noPolicy: Policy = { tokens: [], oidc: [], containers: [] };

/** What the policy says of a container: of the rules that match its name, the first one that says a thing holds for it. */
export function rulesFor({ containers }: Policy, name: string): ContainerRule {
  const matching = containers.filter((rule) => matchesGlob(rule.name, name));
  return matching.reduceRight<ContainerRule>((rules, { name: _, ...rule }) => ({ ...rules, ...rule }), {});
}
