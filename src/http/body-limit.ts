import type { Request } from 'express';
import { Problem } from './problem.js';

export const limitBytes = 1024 * 1024;

/**
 * Refuses a body that announces more than 1 MiB. What a webhook sends along is ignored; `wholeBody` sees that all of it came.
 * @throws Problem 413 `body_too_large`
 */
export function refuseLongBody({ headers }: Request): void {
  if (Number(headers['content-length'] ?? 0) > limitBytes) throw bodyTooLarge();
}

export function bodyTooLarge(): Problem {
  return new Problem(413, 'body_too_large', `The body may have at most ${limitBytes} bytes; a notify needs none.`, {
    Connection: 'close',
  });
}
