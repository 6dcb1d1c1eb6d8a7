import type { NextFunction, Request, Response } from 'express';
import { Problem } from './problem.js';

/** No address of the service is longer, whatever name, id and query it holds. */
const longest = 2048;

/** Refuses addresses that are longer than any that could be meant, before they get into a log. */
export function longPath(request: Request, _response: Response, next: NextFunction): void {
  next(
    request.url.length > longest
      ? new Problem(414, 'path_too_long', `The address may have at most ${longest} characters.`, {
          Connection: 'close',
        })
      : undefined,
  );
}
