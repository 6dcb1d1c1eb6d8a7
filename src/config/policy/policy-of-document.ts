import type * as z from 'zod';
import {
  digestOf,
  fixedSecret,
  problemOfSecret,
  SecretFile,
  UnusableSecretFile,
  weaknessOfSecret,
  type Secret,
} from '../secret.js';
import { policySchema, type PolicyDocument } from './policy.schema.js';
import { InvalidPolicy, type Policy, type PolicyToken } from './policy.js';

/** Gets what turns bad, or is weak, without being a reason to refuse the policy. */
export interface PolicyReport {
  error: (problem: string) => void;
  warn: (problem: string) => void;
}

/**
 * Checks a policy and finds the secrets that it names.
 * @param document an empty one is refused: somebody may be about to write it
 * @throws InvalidPolicy
 */
export async function policyOfDocument(
  document: unknown,
  env: NodeJS.ProcessEnv,
  report: PolicyReport,
): Promise<Policy> {
  if (document === undefined || document === null)
    throw new InvalidPolicy(['it is empty; write {} for a policy that grants nothing']);
  const parsed = policySchema().safeParse(document);
  if (!parsed.success) throw new InvalidPolicy(parsed.error.issues.map(lineOf));
  const { frozen, reason, tokens, oidc, containers } = parsed.data;
  const problems: string[] = [];
  const found = await Promise.all(
    tokens.map(async (token): Promise<PolicyToken[]> => {
      try {
        const secret = await secretOf(token, env, report);
        const expiresAt = token.expires === undefined ? undefined : Date.parse(token.expires);
        const { id, file, env: variable, containers: names, actions } = token;
        const source = { file, value: variable === undefined ? undefined : env[variable] };
        return [{ id, secret, source, containers: names, actions, expiresAt }];
      } catch (error) {
        if (!(error instanceof UnusableSecretFile)) throw error;
        problems.push(`token ${token.id}: ${error.message}`);
        return [];
      }
    }),
  );
  if (problems.length > 0) throw new InvalidPolicy(problems);
  return { frozenBecause: frozen ? reason : undefined, tokens: found.flat(), oidc, containers };
}

async function secretOf(
  { id, file, env: variable, sha256 }: PolicyDocument['tokens'][number],
  env: NodeJS.ProcessEnv,
  report: PolicyReport,
): Promise<Secret> {
  if (sha256 !== undefined) return fixedSecret(Buffer.from(sha256, 'hex'));
  if (file !== undefined) return SecretFile.open(file, report);
  const text = env[variable ?? ''] ?? '';
  const problem = problemOfSecret(text);
  if (problem) throw new UnusableSecretFile(`the environment variable ${String(variable)} ${problem}`);
  const weakness = weaknessOfSecret(text);
  if (weakness) report.warn(`token ${id}: the environment variable ${String(variable)} ${weakness}`);
  return fixedSecret(digestOf(text));
}

/** Values are not told: somebody may have put a token where none belongs. */
function lineOf({ path, message }: z.core.$ZodIssue): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `${place.replace(/^\./, '') || 'the policy'} ${message}`;
}
