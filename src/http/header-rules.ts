import { Problem } from './problem.js';

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

const closing = { Connection: 'close' };
