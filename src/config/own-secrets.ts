import type { Policy } from './policy/policy.js';
import { readRegularFile } from '../common/regular-file.js';
import type { Settings } from './settings.js';

type SecretSettings = Pick<Settings, 'secretKey' | 'secretKeyFile' | 'redisUrl' | 'receivers'>;

/**
 * The secrets of this service itself, in clear, to be masked wherever they would be told: files are read anew, as they may have been
 * replaced. Tokens of which the policy has only the digest are not known. Never rejects.
 */
export async function ownSecrets(
  { secretKey, secretKeyFile, redisUrl, receivers }: SecretSettings,
  policy: Policy,
): Promise<string[]> {
  const files = [secretKeyFile, ...policy.tokens.map(({ source }) => source.file)].flatMap((file) => file ?? []);
  const values = [secretKey, redisUrl, ...policy.tokens.map(({ source }) => source.value)];
  const secrets = [
    ...values.flatMap((value) => value ?? []),
    ...receivers.flatMap(({ url }) => [url, withoutOrigin(url)]),
    ...(await Promise.all(files.map(textOf))),
  ];
  return secrets.filter((secret) => secret !== '');
}

/** What makes a webhook's URL a secret, where there is enough of it. */
function withoutOrigin(url: string): string {
  const { pathname, search } = new URL(url);
  const rest = `${pathname}${search}`;
  return rest.length > 8 ? rest : '';
}

async function textOf(file: string): Promise<string> {
  try {
    return (await readRegularFile(file)).toString('utf8').replace(/\r?\n$/, '');
  } catch {
    return '';
  }
}
