import ipaddr from 'ipaddr.js';
import { isIP } from 'node:net';

/** Names that Express knows for networks (npm proxy-addr). */
const named = ['loopback', 'linklocal', 'uniquelocal'];

/** The addresses and networks of a list with commas, for Express' `trust proxy`; undefined where one of them is neither. */
export function trustedProxies(text: string): string[] | undefined {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.every((entry) => named.includes(entry) || isIP(entry) !== 0 || isNetwork(entry)) ? entries : undefined;
}

/** Not with the prefix 0: everybody could claim any address. */
function isNetwork(entry: string): boolean {
  // ipaddr.js takes short and octal forms of addresses, too.
  if (isIP(entry.split('/')[0] ?? '') === 0) return false;
  try {
    const [, prefix] = ipaddr.parseCIDR(entry);
    return prefix > 0;
  } catch {
    return false;
  }
}
