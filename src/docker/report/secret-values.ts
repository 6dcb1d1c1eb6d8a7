/** Values that are shorter are ordinary words and numbers; masking them would make every text unreadable. */
const minValue = 8;
/** The same of what is said to be a secret. */
const minSecret = 4;
/** A user name alone in a URL may be a token, and most often is `git`. */
const minToken = 12;
const ordinary = /^(?:true|false|none|null|\d{1,5})$/i;
const secretName = /(?:pass(?:word|wd|phrase)?|_pwd|secret|token|key|credentials?)$/i;
const secretFlag = /^--?[\w.-]*(?:pass(?:word|wd|phrase)?|pwd|secret|token|key)$/i;
/** `password=…`, `"token": "…"`: in connection strings, queries of URLs and JSON. */
const secretPart =
  /(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|[_-]?key|signature)["']?\s{0,4}[=:]\s{0,4}(?:"([^"]*)"|'([^']*)'|([^\s"';&,}]+))/gi;

/**
 * What may be secret in environment entries (`NAME=value`): values of 8 characters or more; shorter ones, from 4 on, where the name says
 * so; and the passwords within them (`secretParts`).
 */
export function environmentSecrets(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => {
    const at = entry.indexOf('=');
    if (at < 0) return [];
    const value = entry.slice(at + 1);
    const isSecret = value.length >= minValue || (secretName.test(entry.slice(0, at)) && isSecretWord(value));
    return [...(isSecret ? [value] : []), ...secretParts(value)];
  });
}

/** The passwords in a command: what follows on `--password` and its like, and what stands within an argument. */
export function commandSecrets(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const isFlagged = secretFlag.test(args[index - 1] ?? '') && isSecretWord(arg);
    return [...(isFlagged ? [arg] : []), ...secretParts(arg)];
  });
}

/** The passwords, and tokens, that stand within a value: in the user part of URLs, in connection strings and in JSON. */
export function secretParts(value: string): string[] {
  const parts = [...value.matchAll(secretPart)].map(([, double, single, bare]) => double ?? single ?? bare ?? '');
  return [...parts.filter(isSecretWord), ...userParts(value)];
}

function isSecretWord(text: string): boolean {
  return text.length >= minSecret && !ordinary.test(text);
}

/** `user:password@` after each `://`, and at the beginning of a value without any. Passwords may hold what they must not. */
function userParts(value: string): string[] {
  const segments = value.split('://');
  const candidates = segments.length === 1 ? segments : segments.slice(1);
  return candidates.flatMap((segment) => {
    const [text = ''] = segment.split(/[\s"'<>]/, 1);
    const [authority = ''] = text.split(/[/?#]/, 1);
    const users = new Set([authority, text].map((part) => part.slice(0, Math.max(0, part.lastIndexOf('@')))));
    return [...users].flatMap((user) => userSecrets(user, segments.length > 1));
  });
}

function userSecrets(user: string, isUrl: boolean): string[] {
  const colon = user.indexOf(':');
  if (colon < 0) return isUrl && user.length >= minToken ? [user, decoded(user)] : [];
  const name = user.slice(0, colon);
  const password = user.slice(colon + 1);
  if (!isSecretWord(decoded(password))) return [];
  // Both together are what HTTP's Basic authentication encodes.
  return [password, decoded(password), `${decoded(name)}:${decoded(password)}`];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
