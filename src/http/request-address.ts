/**
 * The address of a POST whose container has no name (`/notify/`) as that without the last slash: paths are matched exactly, and this one
 * is answered that its name is missing, not that there is nothing.
 */
export function withoutEmptyName(url: string): string {
  return url.replace(/^\/(notify|rollback)\/(?=\?|$)/, '/$1');
}

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
