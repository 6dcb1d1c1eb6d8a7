import type * as z from 'zod';
import { digestOf, fixedSecret, problemOfSecret, SecretFile, UnusableSecretFile, type Secret } from '../secret.js';
import { policySchema, type PolicyDocument } from './policy.schema.js';
import { InvalidPolicy, type Policy, type PolicyToken } from './policy.js';

/**
 * Checks a policy and finds the secrets that it names.
 * @param report told of a token's file that turns bad later
 * @throws InvalidPolicy
 */
export function policyOfDocument(document: unknown, env: NodeJS.ProcessEnv, report: (problem: string) => void): Policy {
  const parsed = policySchema().safeParse(document ?? {});
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
