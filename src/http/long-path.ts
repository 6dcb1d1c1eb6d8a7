import { Problem } from './problem.js';

/** No address of the service is longer, whatever name, id and query it holds. */
const maxLength = 2048;
/** The longest path that means something: `/notify/` and a name of 255 characters. */
const maxShownLength = 300;

/** What an address is refused with that is longer than any that could be meant, before it gets into a log. */
export function refusalOfLongPath(url: string): Problem | undefined {
  if (url.length <= maxLength) return undefined;
  return new Problem(414, 'path_too_long', `The address may have at most ${maxLength} characters.`, {
    Connection: 'close',
  });
}

/** A path for logs and messages, cut when it is longer than any that the service has. */
export function shortened(path: string): string {
  return path.length <= maxShownLength ? path : `${path.slice(0, maxShownLength)}…`;
}
