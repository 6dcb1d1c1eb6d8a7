import type { Account } from '../registry/registry.js';

/** What the runner has started, as it tells the test processes. */
export interface TestEnvironment {
  runId: string;
  /** Of the run; its end removes it. */
  folder: string;
  dockerHost: string;
  engineVersion: string;
  /** Whether the engine is the run's own. */
  isPrivateEngine: boolean;
  /** A second engine beside it, the newest that can be had; or why there is none. */
  newestEngine: { folder: string; version: string } | { missing: string };
  /** Hosts of the registries: one for everybody, and one for those who have the account. */
  registry: string;
  privateRegistry: string;
  account: Account;
}

const variable = 'TEST_ENVIRONMENT';

export function toVariables(environment: TestEnvironment): Record<string, string> {
  return { [variable]: JSON.stringify(environment) };
}

export function fromVariables(): TestEnvironment | undefined {
  const given = process.env[variable];
  return given ? (JSON.parse(given) as TestEnvironment) : undefined;
}
