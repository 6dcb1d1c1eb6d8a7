/** More paths are a mistake, and each costs calls to the engine. */
const maxPaths = 100;

/**
 * Reads absolute paths from a text such as `/srv/, /etc/app.conf`. Pure.
 * @returns each path once, without needless slashes; undefined if it is no list of 1 to 100 absolute paths without `.` and `..`
 */
export function parsePaths(text: string): string[] | undefined {
  const paths = text.split(',').map((path) => withoutNeedlessSlashes(path.trim()));
  return paths.length <= maxPaths && paths.every(isNormalised) ? [...new Set(paths)] : undefined;
}

function withoutNeedlessSlashes(path: string): string {
  return path.replaceAll(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

function isNormalised(path: string): boolean {
  return (
    path.length > 1 && path.split('/').every((part, at) => (at === 0 ? part === '' : !['', '.', '..'].includes(part)))
  );
}
