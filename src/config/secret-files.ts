import { readSecretText, UnusableSecretFile } from './secret.js';

/**
 * The environment with the secrets that stand in files: `<NAME>_FILE` names the file of what else would be `<NAME>`. An empty
 * variable counts as unset. Where both are set, nobody could say which one holds: that is refused.
 * @param names the variables that hold secrets
 */
export function withSecretFiles(
  env: NodeJS.ProcessEnv,
  names: readonly string[],
): { values: NodeJS.ProcessEnv; problems: string[] } {
  const values = { ...env };
  const problems: string[] = [];
  for (const name of names) {
    const variable = `${name}_FILE`;
    const path = env[variable];
    if (!path) continue;
    if (env[name]) {
      problems.push(`${variable} and ${name} are both set; set one of them`);
      continue;
    }
    try {
      values[name] = readSecretText(path);
      if (values[name] === '') problems.push(`${variable} names an empty file`);
    } catch (error) {
      if (!(error instanceof UnusableSecretFile)) throw error;
      problems.push(`${variable} ${error.message}`);
    }
  }
  return { values, problems };
}
