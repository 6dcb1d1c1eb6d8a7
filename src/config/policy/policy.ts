import * as z from 'zod';
import { matchesGlob } from '../name-glob.js';
import { digestOf, fixedSecret, problemOfSecret, SecretFile, UnusableSecretFile, type Secret } from '../secret.js';
import { policySchema, type Action, type ContainerRule, type PolicyDocument } from './policy.schema.js';

/** A token as it is checked. */
export interface PolicyToken {
  id: string;
  secret: Secret;
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

/**
 * Checks a policy and finds the secrets that it names.
 * @param report told of a token's file that turns bad later
 * @throws InvalidPolicy
 */
export function policyOf(document: unknown, env: NodeJS.ProcessEnv, report: (problem: string) => void): Policy {
  const parsed = policySchema.safeParse(document ?? {});
  if (!parsed.success) throw new InvalidPolicy(parsed.error.issues.map(lineOf));
  const { frozen, reason, tokens, oidc, containers } = parsed.data;
  const problems: string[] = [];
  const found = tokens.flatMap((token): PolicyToken[] => {
    try {
      const secret = secretOf(token, env, report);
      const expiresAt = token.expires === undefined ? undefined : Date.parse(token.expires);
      return [{ id: token.id, secret, containers: token.containers, actions: token.actions, expiresAt }];
    } catch (error) {
      if (!(error instanceof UnusableSecretFile)) throw error;
      problems.push(`token ${token.id}: ${error.message}`);
      return [];
    }
  });
  if (problems.length > 0) throw new InvalidPolicy(problems);
  return { frozenBecause: frozen ? reason : undefined, tokens: found, oidc, containers };
}

/** What the policy says of a container: of the rules that match its name, the first one that says a thing holds for it. */
export function rulesFor({ containers }: Policy, name: string): ContainerRule {
  const matching = containers.filter((rule) => matchesGlob(rule.name, name));
  return matching.reduceRight<ContainerRule>((rules, { name: _, ...rule }) => ({ ...rules, ...rule }), {});
}

function secretOf(
  { file, env: variable, sha256 }: PolicyDocument['tokens'][number],
  env: NodeJS.ProcessEnv,
  report: (problem: string) => void,
): Secret {
  if (sha256 !== undefined) return fixedSecret(Buffer.from(sha256, 'hex'));
  if (file !== undefined) return new SecretFile(file, report);
  const text = env[variable ?? ''] ?? '';
  const problem = problemOfSecret(text);
  if (problem) throw new UnusableSecretFile(`the environment variable ${String(variable)} ${problem}`);
  return fixedSecret(digestOf(text));
}

/** Values are not told: somebody may have put a token where none belongs. */
function lineOf({ path, message }: z.core.$ZodIssue): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `${place.replace(/^\./, '') || 'the policy'} ${message}`;
}
