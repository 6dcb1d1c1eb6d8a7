/**
 * What is wrong with the address of a Redis; undefined where nothing is. Never tells the address: it may hold a password.
 * Its scheme is `redis`, or `rediss` for TLS (IANA provisional registrations `redis`, `rediss`).
 */
export function problemOfRedisUrl(text: string): string | undefined {
  const rule = 'must be redis://[user:password@]host[:port][/database], or rediss:// for TLS';
  if (!URL.canParse(text)) return rule;
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  const isRedis = protocol === 'redis:' || protocol === 'rediss:';
  return isRedis && hostname !== '' && /^(\/\d{0,3})?$/.test(pathname) && search === '' && hash === ''
    ? undefined
    : rule;
}
