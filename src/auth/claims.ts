import { matchesGlob } from '../common/name-glob.js';
import type { OidcRule } from '../config/policy/policy.schema.js';
import type { PipelineIdentity } from './caller.js';

export type Claims = Readonly<Record<string, unknown>>;

/** Whether a token says all that a rule asks for. A claim that is missing matches nothing. */
export function claimsMatch(rule: OidcRule['claims'], claims: Claims): boolean {
  return Object.entries(rule).every(([name, expected]) => {
    const value = claimText(claims, name);
    if (value === undefined) return false;
    if (typeof expected === 'string') return value === expected;
    return Array.isArray(expected) ? expected.includes(value) : matchesGlob(expected.like, value);
  });
}

/** The pipeline that a token stands for, in the words of GitHub or GitLab; bounded, for logs and records. */
export function pipelineOf(issuer: string, claims: Claims): PipelineIdentity {
  const text = (...names: string[]): string | undefined =>
    names
      .map((name) => claimText(claims, name))
      .find((value) => value !== undefined)
      ?.replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 200);
  return {
    issuer,
    subject: text('sub'),
    repository: text('repository', 'project_path'),
    run: text('run_id', 'pipeline_id'),
  };
}

/** What a pipeline is called in logs and records. An issuer says what it likes: what reads like the id of a token names the issuer too. */
export function nameOfPipeline({ issuer, subject = 'unknown', repository = subject, run }: PipelineIdentity): string {
  const name = run === undefined ? repository : `${repository}#${run}`;
  return /^[\w.-]*$/.test(name) ? `${name}@${new URL(issuer).host}` : name;
}

/** A claim as text: GitLab writes booleans as strings, others as booleans, and ids as strings or numbers. */
function claimText(claims: Claims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}
