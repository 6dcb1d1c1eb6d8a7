import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** No client that is in use sends a second request before the first one is answered; some tests and attackers do. */
const maxQueued = 100;

const queuedOn = new WeakMap<Socket, Set<ServerResponse>>();

/**
 * Sees to it that a response that stands behind another one of its connection (pipelining, RFC 9112 §9.3.2) is closed with the
 * connection. Some versions of Node do so only for the first of them: what the others hold, a stream or a wait, would be held for ever.
 * A connection with more than 100 requests behind the first one is ended.
 */
export function closeWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  // Node gives a response its socket when it is the next one to be sent.
  if (response.socket) return;
  const queued = queuedOn.get(socket) ?? watch(socket);
  queued.add(response);
  response.once('close', () => queued.delete(response));
  if (queued.size > maxQueued) socket.destroy();
}

function watch(socket: Socket): Set<ServerResponse> {
  const queued = new Set<ServerResponse>();
  queuedOn.set(socket, queued);
  socket.once('close', () => {
    for (const response of queued) {
      if (response.socket) continue;
      response.destroy();
      response.emit('close');
    }
  });
  return queued;
}
