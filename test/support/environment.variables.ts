import type { Account } from './registry.js';

/** What the runner has started, as it tells the test processes. */
export interface TestEnvironment {
  dockerHost: string;
  isPrivateEngine: boolean;
  registry: string;
  privateRegistry: string;
  account: Account;
  runId: string;
}

const variable = 'TEST_ENVIRONMENT';

export function toVariables(environment: TestEnvironment): Record<string, string> {
  return { [variable]: JSON.stringify(environment) };
}

export function fromVariables(): TestEnvironment | undefined {
  const given = process.env[variable];
  return given ? (JSON.parse(given) as TestEnvironment) : undefined;
}
