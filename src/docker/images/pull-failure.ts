import { UpdateError, type FailureCode } from '../update/outcome.js';
import { rateLimitIn } from './rate-limit.js';

export const messageLimit = 1000;

/**
 * The failure that the engine's own words mean, with what to do about it; the stage is `pull`.
 * @param message what the engine said, in a line of the stream or in the body of an error answer
 * @param httpStatus the status of the answer, where the engine refused the pull at once
 * @param now epoch milliseconds
 */
export function pullFailure(message: string, httpStatus?: number, now = Date.now()): UpdateError {
  const code = pullFailureCode(message, httpStatus);
  const text = message.slice(0, 10 * messageLimit);
  const { delayMs, isQuota = false } = (code === 'rate_limited' ? rateLimitIn(text, now) : undefined) ?? {};
  const isTemporary = passes(code, text) && !isQuota;
  const retryAt = delayMs === undefined ? undefined : new Date(now + delayMs).toISOString();
  return new UpdateError(
    code,
    'pull',
    `${presentable(message, messageLimit) || 'the engine gave no reason'}; ${advice(code, text, { isTemporary, retryAt })}`,
    { passes: isTemporary, retryAt },
  );
}

type PullFailureCode = Extract<
  FailureCode,
  'pull_unauthorized' | 'pull_not_found' | 'pull_failed' | 'rate_limited' | 'disk_full'
>;

function advice(
  code: PullFailureCode,
  text: string,
  { isTemporary, retryAt }: { isTemporary: boolean; retryAt?: string },
): string {
  switch (code) {
    case 'pull_unauthorized':
      return 'check that the repository exists and that the registry credentials may read it';
    case 'pull_not_found':
      return 'check that the image was pushed under this name and tag, for this platform';
    case 'disk_full':
      return "make room on the engine's disk, then notify again";
    case 'rate_limited':
      return `the registry limits pulls: notify again ${retryAt ? `after ${retryAt}` : 'later'}, or use credentials that may pull more`;
    case 'pull_failed':
      if (noSuchHost.test(text)) return "check the registry's name and the DNS of the engine's host, then notify again";
      return isTemporary
        ? 'see that the engine reaches the registry and that the registry works, then notify again'
        : 'see that the engine reaches the registry and has room on its disk, then notify again';
  }
}

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
  if (rateLimitIn(text, 0)) return 'rate_limited';
  if (unauthorized.test(text)) return 'pull_unauthorized';
  if (noSpace.test(text)) return 'disk_full';
  // Resolvers say "not found" of a host too.
  if (noSuchHost.test(text)) return 'pull_failed';
  if (notFound.test(text)) return 'pull_not_found';
  // 403 alone is no word of the registry's: a proxy in front of the engine forbids the call.
  if (httpStatus === 401) return 'pull_unauthorized';
  return httpStatus === 404 ? 'pull_not_found' : 'pull_failed';
}

/** Nothing is under that tag, which may be because it has only just been pushed; an image for another platform will not come. */
const notThereYet = /manifest unknown|manifest_unknown|(?<![\w/.-])not found/i;

const noSpace = /(?<![\w/.-])(?:no space left on device|disk quota exceeded)(?![\w/-])/i;
/** Where the host's DNS fails, it says the same as where there is no such name. */
const noSuchHost = /(?<![\w/.-])(?:no such host|lookup [^\s:]+(?: on [^\s]+)?: )/i;

/** The registry's server errors. */
const serverFails =
  /\bstatus(?: code)?:? 5\d\d\b|: 5\d\d (?:internal server error|bad gateway|service unavailable|gateway timeout|unknown)|: 408 request timeout|error parsing HTTP (?:408|5\d\d) response body|HTTP\/1\.x transport connection broken:/i;
/** Connections that could not be made, broke off or took too long, as Go's net, net/http and http2 say it, and what came of one in pieces. */
const connectionFails =
  /(?<![\w/.-])(?:connection (?:reset|refused|timed out|aborted)|no route to host|(?:network|host) is (?:unreachable|down)|broken pipe|(?:i\/o |client\.)?timeout|(?:unexpected )?EOF|deadline exceeded|temporary failure|server misbehaving|GOAWAY|client connection (?:lost|force closed)|closed network connection|server closed idle connection|short read|tls: internal error|layer verification failed|unexpected commit (?:digest|size)|stream error: stream id \d+; (?:internal_error|refused_stream|enhance_your_calm|cancel|no_error|protocol_error))(?![\w/:-]|\.\w)/i;

/** Whether the same pull may succeed later: never where the registry wants other credentials. */
function passes(code: PullFailureCode, text: string): boolean {
  switch (code) {
    case 'pull_unauthorized':
    case 'disk_full':
      return false;
    case 'rate_limited':
      return true;
    case 'pull_not_found':
      return notThereYet.test(text) && !/no matching manifest|no match for platform/i.test(text);
    case 'pull_failed':
      return noSuchHost.test(text) || serverFails.test(text) || connectionFails.test(text);
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
