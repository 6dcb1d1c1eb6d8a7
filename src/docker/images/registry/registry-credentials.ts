import type { ImageReference } from '../image-reference.js';

/** What the engine sends to the registry, in the words of its API (`AuthConfig`). Never to be logged. */
export type RegistryCredentials = { serveraddress: string } & (
  { username: string; password: string } | { identitytoken: string } | { registrytoken: string }
);

export interface FoundCredentials {
  /** The key of the entry in `auths`, as the file has it but for credentials within it: fit for a log. */
  key: string;
  credentials: RegistryCredentials;
}

/** A helper that has to be asked: `docker-credential-<helper>`, for the registry at `serveraddress`. */
export interface NeededHelper {
  helper: string;
  serveraddress: string;
  /** Whether it is known to have the answer; else it is only asked where it is there. */
  isRequired: boolean;
}

/** Why the configuration gives no answer. The message holds nothing of the file but the names of registries and helpers. */
export class UnusableRegistryConfig extends Error {
  override readonly name = 'UnusableRegistryConfig';
}

type Json = Record<string, unknown>;

const dockerHubKey = 'https://index.docker.io/v1/';

/**
 * Finds the credentials for an image's registry in the text of a Docker `config.json`, as the Docker CLI finds them
 * (docker/cli, `cli/config`): the exact key first, then the first key with the same host and port, whatever its scheme and
 * path. Docker Hub's key is `https://index.docker.io/v1/`; beyond the CLI, `docker.io` and `index.docker.io` are
 * understood too.
 *
 * An entry that holds credentials wins over a helper, so that a file can be completed by hand; then comes the helper that
 * `credHelpers` names for the registry, then `credsStore`.
 * @returns undefined where the file has nothing for the registry
 * @throws UnusableRegistryConfig
 */
export function findCredentials(
  configText: string,
  reference: ImageReference,
): FoundCredentials | NeededHelper | undefined {
  const config = parseConfig(configText);
  const auths = section(config, 'auths');
  const lookUpKey = reference.domain === 'docker.io' ? dockerHubKey : reference.domain;
  const matches = matchingKeys(Object.keys(auths), lookUpKey);
  for (const match of matches) {
    const key = withoutUserinfo(match);
    const credentials = readEntry(auths[match], key, lookUpKey);
    if (credentials) return { key, credentials };
  }
  return helperFor(config, lookUpKey, matches.length > 0);
}

/** Every secret in the `auths` of a configuration, to be masked wherever it would be told. What cannot be read holds none. */
export function secretsOf(configText: string): string[] {
  try {
    const auths = Object.values(section(parseConfig(configText), 'auths')) as (Json | null)[];
    return auths.flatMap((entry) => {
      const { auth, username, password, identitytoken, registrytoken } = entry ?? {};
      const decoded = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString('utf8') : '';
      const colon = decoded.indexOf(':');
      return [
        ...[auth, identitytoken, registrytoken].filter(isText),
        ...(colon < 0 ? [decoded] : loginSecrets(decoded.slice(0, colon), trimNulls(decoded.slice(colon + 1)))),
        ...(isText(password) ? loginSecrets(isText(username) ? username : '', password) : []),
      ].filter((secret) => secret !== '');
    });
  } catch {
    return [];
  }
}

/** Every secret in credentials, in the forms in which the engine and the registry get them. */
export function secretsIn(credentials: RegistryCredentials): string[] {
  const header = encodeRegistryAuth(credentials);
  if ('identitytoken' in credentials) return [credentials.identitytoken, header];
  if ('registrytoken' in credentials) return [credentials.registrytoken, header];
  return [...loginSecrets(credentials.username, credentials.password), header];
}

/** A password alone, and with its user name as HTTP's Basic authentication has them: in clear, and as base64 however short they are. */
function loginSecrets(username: string, password: string): string[] {
  if (password === '') return [];
  const both = `${username}:${password}`;
  return [password, both, Buffer.from(both).toString('base64').replace(/=+$/, '')];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/**
 * The value of `X-Registry-Auth`: base64url of the JSON **with** its padding. The engine takes anything else, Node's own
 * `base64url` included, silently for no credentials at all (moby, `api/pkg/authconfig`).
 */
export function encodeRegistryAuth(credentials: RegistryCredentials): string {
  return Buffer.from(JSON.stringify(credentials)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function parseConfig(text: string): Json {
  // An empty file is an empty configuration for the Docker CLI too.
  if (text.trim() === '') return {};
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file.
    throw new UnusableRegistryConfig('it is not valid JSON; write it anew with `docker login`, or correct it');
  }
  return asObject(config, "it is not a JSON object, as Docker's config.json is");
}

function section(config: Json, name: string): Json {
  return asObject(config[name], `"${name}" is not a JSON object`);
}

/** Absent and null are as good as empty, as they are for Go. */
function asObject(value: unknown, problem: string): Json {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new UnusableRegistryConfig(problem);
  return value as Json;
}

function matchingKeys(keys: string[], lookUpKey: string): string[] {
  if (keys.includes(lookUpKey)) return [lookUpKey];
  const hosts = lookUpKey === dockerHubKey ? ['index.docker.io', 'docker.io'] : [lookUpKey];
  return keys.filter((key) => hosts.includes(hostOf(key)));
}

/** `host[:port]` of a key with or without scheme and path. Not by URL, which drops default ports and lowers the case. */
function hostOf(key: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#@]+)/i.exec(key);
  return (url?.[1] ?? key.split('/', 1)[0] ?? '').replace(/:$/, '');
}

function withoutUserinfo(key: string): string {
  return key.replace(/^([^/]*:\/\/)[^/]*@/, '$1');
}

/** The credentials of an entry; undefined where it carries none, like the `{}` that marks a registry known to a helper. */
function readEntry(value: unknown, key: string, serveraddress: string): RegistryCredentials | undefined {
  const entry = asObject(value, `the entry ${key} is not a JSON object`);
  const field = (name: string): string => {
    const content = entry[name] ?? '';
    if (typeof content !== 'string') throw new UnusableRegistryConfig(`"${name}" of the entry ${key} is not a string`);
    return content;
  };
  const auth = field('auth');
  const { username, password } = auth
    ? decodeAuth(auth, key)
    : { username: field('username'), password: field('password') };
  // A token stands alone: beside it, the user name is a placeholder that some registries refuse.
  const registrytoken = field('registrytoken');
  if (registrytoken) return { registrytoken, serveraddress };
  const identitytoken = field('identitytoken');
  if (identitytoken) return { identitytoken, serveraddress };
  if (username) return { username, password, serveraddress };
  if (password) throw new UnusableRegistryConfig(`the entry ${key} has a password but no username`);
  return undefined;
}

function decodeAuth(auth: string, key: string): { username: string; password: string } {
  const problem = `"auth" of the entry ${key} is not the base64 of user:password; log in again with \`docker login\`, or correct it`;
  const base64 = auth.replace(/[\r\n]/g, '');
  // Buffer would skip what is not base64; Go, and so the Docker CLI, refuses it.
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new UnusableRegistryConfig(problem);
  const decoded = Buffer.from(base64, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 1) throw new UnusableRegistryConfig(problem);
  return { username: decoded.slice(0, colon), password: trimNulls(decoded.slice(colon + 1)) };
}

function trimNulls(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === '\0') start++;
  while (end > start && text[end - 1] === '\0') end--;
  return text.slice(start, end);
}

/** The helper that the Docker CLI would ask. A default helper leaves a mark, an empty entry, for each registry that it knows. */
function helperFor(config: Json, serveraddress: string, isMarked: boolean): NeededHelper | undefined {
  const helpers = section(config, 'credHelpers');
  const isNamed = Object.hasOwn(helpers, serveraddress);
  const helper = isNamed ? helpers[serveraddress] : config.credsStore;
  if (typeof helper !== 'string' || helper === '') return undefined;
  // It becomes the name of a program.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/.test(helper))
    throw new UnusableRegistryConfig(`the helper for ${serveraddress} has a name that no helper can have`);
  return { helper, serveraddress, isRequired: isNamed || isMarked };
}
