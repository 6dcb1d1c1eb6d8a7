import { Problem } from './problem.js';

/** No address of the service is longer, whatever name, id and query it holds. */
const longest = 2048;

/** What an address is refused with that is longer than any that could be meant, before it gets into a log. */
export function refusalOfLongPath(url: string): Problem | undefined {
  if (url.length <= longest) return undefined;
  return new Problem(414, 'path_too_long', `The address may have at most ${longest} characters.`, {
    Connection: 'close',
  });
}
