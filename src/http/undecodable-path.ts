/**
 * An address whose path has a broken percent-encoding (`/notify/%zz`), which Express would answer before any guard runs, taken
 * literally: so it meets authentication first and the rule for names second, as every other does.
 */
export function decodable(url: string): string {
  if (!url.includes('%')) return url;
  const [path = '', ...query] = url.split('?');
  try {
    decodeURIComponent(path);
    return url;
  } catch {
    return [path.replaceAll('%', '%25'), ...query].join('?');
  }
}
