import type { Request } from 'express';

/**
 * Where a request comes from: the other end of the connection, or, where that is a reverse proxy that TRUST_PROXY names, the
 * address in `X-Forwarded-For`. An IPv4 address is written as such also on a socket for both.
 */
export function clientAddress(request: Request): string {
  return plain(request.ip);
}

/** The other end of the connection, whatever a proxy says. */
export function peerAddress({ socket }: Request): string {
  return plain(socket.remoteAddress);
}

function plain(address: string | undefined): string {
  return (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
