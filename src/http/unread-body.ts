import type { IncomingMessage } from 'node:http';

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
