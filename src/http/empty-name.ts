/**
 * The address of a POST whose container has no name (`/notify/`) as that without the last slash: paths are matched exactly, and this one
 * is answered that its name is missing, not that there is nothing.
 */
export function withoutEmptyName(url: string): string {
  return url.replace(/^\/(notify|rollback)\/(?=\?|$)/, '/$1');
}
