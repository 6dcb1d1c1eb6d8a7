import type { Request } from 'express';
import { Problem } from './problem.js';

/** The connection ends with the answer: what follows on it is not worth reading. */
const closing = { Connection: 'close' };

/** No address of the service is longer, whatever name, id and query it holds. */
const maxAddressLength = 2048;
/** The longest path that means something: `/notify/` and a name of 255 characters. */
const maxShownLength = 300;

/** What an address is refused with that is longer than any that could be meant, before it gets into a log. */
export function refusalOfLongPath(url: string): Problem | undefined {
  if (url.length <= maxAddressLength) return undefined;
  return new Problem(414, 'path_too_long', `The address may have at most ${maxAddressLength} characters.`, closing);
}

/** A fragment is no part of a request (RFC 9112 §3.2). A proxy would look at another path than the router, which leaves it out. */
export function refusalOfFragment(url: string): Problem | undefined {
  if (!url.includes('#')) return undefined;
  return new Problem(400, 'bad_request', 'The address of a request has no fragment ("#").', closing);
}

/** A path for logs and messages, cut when it is longer than any that the service has. */
export function shortened(path: string): string {
  return path.length <= maxShownLength ? path : `${path.slice(0, maxShownLength)}…`;
}

/** Node hides headers beyond its own limit, a second Authorization among them: it has none here, and this one is told. */
const maxHeaders = 100;

/**
 * Refuses a request whose headers could mean one thing here and another to a proxy before it.
 * @param rawHeaders name, value, name, value …
 */
export function refusalOfHeaders(rawHeaders: readonly string[]): Problem | undefined {
  if (rawHeaders.length > 2 * maxHeaders)
    return new Problem(431, 'too_many_headers', `A request may have at most ${maxHeaders} headers.`, closing);
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) return new Problem(400, 'bad_request', 'A request has exactly one Host header.', closing);
  return undefined;
}

export const maxBodyBytes = 1024 * 1024;

/**
 * Refuses a body that announces more than 1 MiB. What a webhook sends along is ignored; `wholeBody` sees that all of it came.
 * @throws Problem 413 `body_too_large`
 */
export function refuseLongBody({ headers }: Request): void {
  if (Number(headers['content-length'] ?? 0) > maxBodyBytes) throw bodyTooLarge();
}

export function bodyTooLarge(): Problem {
  return new Problem(
    413,
    'body_too_large',
    `The body may have at most ${maxBodyBytes} bytes; a notify needs none.`,
    closing,
  );
}
