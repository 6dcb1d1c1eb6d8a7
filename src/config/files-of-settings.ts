import { join } from 'node:path';
import { InvalidSettings, secretVariables } from './settings.js';
import { readRegularFile, UnusableFile } from '../common/regular-file.js';

/**
 * Sees that the files which the settings name answer, for settings are read without a timeout: a file on a mount that hangs must end
 * the start, not hold it. What else is wrong with a file is said by who reads it.
 * @throws InvalidSettings
 */
export async function assertFilesAnswer(env: NodeJS.ProcessEnv = process.env, timeoutMs?: number): Promise<void> {
  const problems = await Promise.all(
    filesOf(env).map(async ([variable, path]) => {
      try {
        await readRegularFile(path, { timeoutMs });
      } catch (error) {
        if (error instanceof UnusableFile && error.code === 'ETIMEDOUT')
          return `${variable} names a file that ${error.message}`;
      }
      return undefined;
    }),
  );
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new InvalidSettings(found);
}

function filesOf(env: NodeJS.ProcessEnv): [string, string][] {
  const files = [...secretVariables.map((name) => `${name}_FILE`), 'DOCKER_CONFIG_PATH'].map((variable) => [
    variable,
    env[variable],
  ]);
  const folder = env.DOCKER_TLS_VERIFY ? env.DOCKER_CERT_PATH : undefined;
  const certificates = folder
    ? ['ca.pem', 'cert.pem', 'key.pem'].map((name) => ['DOCKER_CERT_PATH', join(folder, name)])
    : [];
  return [...files, ...certificates].filter((entry): entry is [string, string] => Boolean(entry[1]));
}
