import { UpdateError, type FailureCode } from './outcome.js';

export const messageLimit = 1000;

/**
 * The failure that the engine's own words mean, with what to do about it; the stage is `pull`.
 * @param message what the engine said, in a line of the stream or in the body of an error answer
 * @param httpStatus the status of the answer, where the engine refused the pull at once
 */
export function pullFailure(message: string, httpStatus?: number): UpdateError {
  const code = pullFailureCode(message, httpStatus);
  return new UpdateError(
    code,
    'pull',
    `${presentable(message, messageLimit) || 'the engine gave no reason'}; ${advice[code]}`,
    { passes: passes(code, message) },
  );
}

type PullFailureCode = Extract<FailureCode, 'pull_unauthorized' | 'pull_not_found' | 'pull_failed'>;

const advice: Record<PullFailureCode, string> = {
  pull_unauthorized: 'check that the repository exists and that the registry credentials may read it',
  pull_not_found: 'check that the image was pushed under this name and tag, for this platform',
  pull_failed: 'see that the engine reaches the registry and has room on its disk, then call the webhook again',
};

// A word that is part of a name, as in registry.io/denied:1, says nothing.
const unauthorized =
  /(?<![\w/.-])unauthorized|authentication required|no basic auth credentials|incorrect username or password|authorization failed|access forbidden|(?<!permission |[\w/.-])denied(?![\w/-])|: 40[13] (?:unauthorized|forbidden)/i;
const notFound =
  /manifest unknown|name unknown|(?:manifest|name|repository)_unknown|(?<![\w/.-])not found|repository .*does not exist|no matching manifest/i;

/**
 * What kind of failure the engine's words mean. Registries hide private repositories, so that "pull access denied …
 * repository does not exist or may require 'docker login'" is `pull_unauthorized`, though the engine says 404.
 */
export function pullFailureCode(message: string, httpStatus?: number): PullFailureCode {
  const text = message.slice(0, 10 * messageLimit);
  if (unauthorized.test(text)) return 'pull_unauthorized';
  if (notFound.test(text)) return 'pull_not_found';
  // 403 alone is no word of the registry's: a proxy in front of the engine forbids the call.
  if (httpStatus === 401) return 'pull_unauthorized';
  return httpStatus === 404 ? 'pull_not_found' : 'pull_failed';
}

/** Nothing is under that tag, which may be because it has only just been pushed; an image for another platform will not come. */
const notThereYet = /manifest unknown|manifest_unknown|(?<![\w/.-])not found/i;

/** The registry's server errors, and connections that broke off or took too long. */
const failsForAWhile =
  /\bstatus(?: code)?:? 5\d\d\b|: 5\d\d (?:internal server error|bad gateway|service unavailable|gateway timeout)|(?<![\w/.-])(?:connection (?:reset|refused)|broken pipe|(?:client\.)?timeout|(?:unexpected )?EOF|deadline exceeded|temporary failure|server misbehaving)(?![\w/:-])/i;

/** Whether the same pull may succeed later: never where the registry wants other credentials. */
function passes(code: PullFailureCode, message: string): boolean {
  const text = message.slice(0, 10 * messageLimit);
  switch (code) {
    case 'pull_unauthorized':
      return false;
    case 'pull_not_found':
      return notThereYet.test(text) && !/no matching manifest|no match for platform/i.test(text);
    case 'pull_failed':
      return failsForAWhile.test(text);
  }
}

/** One line of bounded length, without what a URL may hold of secrets: user and password, and the query of a signed one. */
export function presentable(text: string, limit: number): string {
  const line = text
    .slice(0, 10 * limit)
    .replace(/\p{Cc}+|\s+/gu, ' ')
    .replace(/:\/\/[^\s/@"]+@/g, '://')
    .replace(/(:\/\/[^\s?"]+)\?[^\s"]*/g, '$1?…')
    .trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
