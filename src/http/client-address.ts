import type { Request } from 'express';
import { isIP } from 'node:net';

/** Of an IPv6 address with the name of its interface. */
const maxAddressLength = 64;

/**
 * Where a request comes from: the other end of the connection, or, where that is a reverse proxy that TRUST_PROXY names, the
 * address in `X-Forwarded-For`. An IPv4 address is written as such also on a socket for both. What a proxy names that is no
 * address counts as nothing: it stands in logs, and addresses are counted by it.
 */
export function clientAddress(request: Request): string {
  const named = withoutPort(request.ip ?? '');
  return isIP(named) > 0 && named.length <= maxAddressLength ? plain(named) : peerAddress(request);
}

/** The other end of the connection, whatever a proxy says. */
export function peerAddress({ socket }: Request): string {
  return plain(socket.remoteAddress);
}

/** Some proxies name the port as well: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(address: string): string {
  return /^(\d+(?:\.\d+){3}):\d+$/.exec(address)?.[1] ?? /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? address;
}

function plain(address: string | undefined): string {
  return (address ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
