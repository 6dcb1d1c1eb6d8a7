import { readRegularFile, type UnusableFile } from '../../../common/regular-file.js';
import type { Settings } from '../../../config/settings.js';
import { askHelper } from './credential-helper.js';
import type { ImageReference } from '../image-reference.js';
import { UpdateError } from '../../update/outcome.js';
import {
  findCredentials,
  secretsOf,
  UnusableRegistryConfig,
  type RegistryCredentials,
} from './registry-credentials.js';

export type RegistrySettings = Pick<Settings, 'dockerConfig' | 'dockerAuthConfig' | 'credentialHelperEnv'>;

export interface RegistryLogin {
  /** Where the credentials come from, fit for a log: what matched, never what it holds. */
  source: string;
  credentials: RegistryCredentials;
}

const mayNotRead =
  'the service may not read it; change its permissions, or set DOCKER_CONFIG_PATH to a file that it may read';
const readProblems: Record<string, string> = {
  ENOENT: 'the file does not exist; mount it, or correct DOCKER_CONFIG_PATH',
  // Docker makes a folder where the source of a bind mount is missing.
  EISDIR:
    'it is a folder; DOCKER_CONFIG_PATH must name the file itself, and a file that is mounted must exist on the host',
  EACCES: mayNotRead,
  EPERM: mayNotRead,
};

/** Where configurations come from, in the order in which they are asked. The first one that knows the registry has the answer. */
function sourcesOf({
  dockerConfig,
  dockerAuthConfig,
}: RegistrySettings): { name: string; text: (signal?: AbortSignal) => Promise<string> }[] {
  const file = {
    name: dockerConfig.path,
    text: (signal?: AbortSignal) => fileText(dockerConfig, signal),
  };
  if (dockerAuthConfig === undefined) return [file];
  const variable = { name: 'DOCKER_AUTH_CONFIG', text: () => Promise.resolve(dockerAuthConfig) };
  // A file that was named for this service alone says more than a variable that is meant for all.
  return dockerConfig.explicit ? [file, variable] : [variable, file];
}

/**
 * Finds the credentials for an image's registry. Files are read and helpers asked anew each time, as credentials may have been
 * replaced since the last pull, and those of cloud registries live for hours.
 * @returns undefined where the pull is anonymous
 * @throws UpdateError `registry_credentials`, or `interrupted` once `signal` is aborted
 */
export async function registryLogin(
  settings: RegistrySettings,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<RegistryLogin | undefined> {
  for (const { name, text } of sourcesOf(settings)) {
    const configText = await text(signal);
    try {
      const found = findCredentials(configText, reference);
      if (!found) continue;
      if (!('helper' in found)) return { source: `${found.key} in ${name}`, credentials: found.credentials };
      const credentials = await askHelper(found, settings.credentialHelperEnv, signal);
      if (credentials) return { source: `docker-credential-${found.helper}, named in ${name}`, credentials };
    } catch (error) {
      if (!(error instanceof UnusableRegistryConfig)) throw error;
      if (signal.aborted) throw interrupted(error);
      const message = `cannot use the registry credentials in ${name}: ${error.message}`;
      throw new UpdateError('registry_credentials', 'pull', message);
    }
  }
  return undefined;
}

/** Every secret that the configurations hold, to be masked wherever it would be told. Never throws. */
export async function registrySecrets(settings: RegistrySettings): Promise<string[]> {
  const texts = await Promise.all(sourcesOf(settings).map(({ text }) => text().catch(() => '')));
  return texts.flatMap(secretsOf);
}

/** @throws UpdateError where the file cannot be read; a default one may be absent */
async function fileText({ path, explicit }: Settings['dockerConfig'], signal?: AbortSignal): Promise<string> {
  try {
    return (await readRegularFile(path, { signal })).toString('utf8');
  } catch (error) {
    if (signal?.aborted) throw interrupted(error);
    const { code = '', message: reason } = error as UnusableFile;
    if (code === 'ENOENT' && !explicit) return '';
    const problem = readProblems[code] ?? `it ${reason}; correct it, or set DOCKER_CONFIG_PATH to another file`;
    const message = `cannot read the registry credentials in ${path}: ${problem}`;
    throw new UpdateError('registry_credentials', 'pull', message, { cause: error });
  }
}

function interrupted(cause: unknown): UpdateError {
  return new UpdateError('interrupted', 'pull', 'the service stops; the pull was given up', { cause });
}
