import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A service of a Compose file, as far as tests start what it says. */
export interface ComposeService {
  image: string;
  command?: string[];
  environment: Record<string, string>;
  /** `source:target` or `source:target:mode`. */
  volumes?: string[];
  ports?: string[];
  [field: string]: unknown;
}

/**
 * The services of a Compose file, without Compose.
 * @param variables in the place of `${NAME:?}`
 * @throws Error where one of them is missing
 */
export function composeServices(path: string, variables: Record<string, string>): Record<string, ComposeService> {
  const filled = readFileSync(path, 'utf8').replaceAll(/\$\{(\w+):\?\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`${path} asks for ${name}`);
    return value;
  });
  return (parse(filled, { merge: true }) as { services: Record<string, ComposeService> }).services;
}
