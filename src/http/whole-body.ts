import type { IncomingMessage } from 'node:http';
import { limitBytes, bodyTooLarge } from './body-limit.js';
import { Problem } from './problem.js';

const timeoutMs = 10_000;

/**
 * Waits for the end of a body, whose content is ignored: a request counts as sent only when all of it is, and well-formed.
 * @returns undefined when there is nothing to wait for
 * @throws Problem 400 `broken_body`, 408 `body_timeout`, 413 `body_too_large`
 */
export function wholeBody(request: IncomingMessage): Promise<void> | undefined {
  const { headers } = request;
  if (request.complete || (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0))
    return undefined;
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const end = (problem?: Problem): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onBroken).off('error', onBroken);
      request.pause();
      if (problem) {
        // What breaks later is nobody's concern any more.
        request.on('error', () => undefined);
        reject(problem);
      } else resolve();
    };
    const timer = setTimeout(() => {
      end(new Problem(408, 'body_timeout', `The body was not sent within ${timeoutMs / 1000} s.`, closing));
    }, timeoutMs);
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > limitBytes) end(bodyTooLarge());
    };
    const onEnd = (): void => {
      end();
    };
    const onBroken = (): void => {
      if (request.complete) end();
      else end(new Problem(400, 'broken_body', 'The body is malformed, or broke off.', closing));
    };
    request.on('data', onData).once('end', onEnd).once('close', onBroken).once('error', onBroken);
  });
}

const closing = { Connection: 'close' };
