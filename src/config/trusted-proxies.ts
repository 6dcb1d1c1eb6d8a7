import { isIP } from 'node:net';

/** Names that Express knows for networks (npm proxy-addr). */
const named = ['loopback', 'linklocal', 'uniquelocal'];

/** The addresses and networks of a list with commas; undefined where one of them is neither. */
export function trustedProxies(text: string): string[] | undefined {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.every((entry) => named.includes(entry) || isAddressOrNetwork(entry)) ? entries : undefined;
}

function isAddressOrNetwork(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  if (bits === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= bits);
}
