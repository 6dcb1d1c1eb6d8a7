/** https, or http to this very machine, where nobody is in between. */
export function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username || password) return false;
  return protocol === 'https:' || (protocol === 'http:' && /^(127(\.\d+){3}|\[::1\])$/.test(hostname));
}
