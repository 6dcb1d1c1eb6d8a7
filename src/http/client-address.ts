import type { Request } from 'express';

/**
 * Where a request comes from: the other end of the connection, or, where that is a reverse proxy that TRUST_PROXY names, the
 * address in `X-Forwarded-For`. An IPv4 address is written as such also on a socket for both.
 */
export function clientAddress(request: Request): string {
  return (request.ip ?? request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
