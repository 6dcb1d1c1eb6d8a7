import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.js';
import { bodyTooLarge, maxBodyBytes } from './request-limits.js';

const bodyTimeoutMs = 10_000;

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
      end(new Problem(408, 'body_timeout', `The body was not sent within ${bodyTimeoutMs / 1000} s.`, closing));
    }, bodyTimeoutMs);
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) end(bodyTooLarge());
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

const patienceMs = 2000;

/**
 * Ends the connection of a request that goes on after it was answered. No body is ever looked at: one that is short is let pass,
 * so that its sender gets to read the answer; one that is slow or endless must not hold the connection.
 */
export function endUnreadBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.socket.destroy(), patienceMs);
  request.once('close', () => {
    clearTimeout(timer);
  });
}
