/** More paths are a mistake, and each costs calls to the engine. */
const maxPaths = 100;

/**
 * Reads absolute paths from a text such as `/srv, /etc/app.conf`. Pure.
 * @returns undefined where it is no list of 1 to 100 normalised absolute paths
 */
export function parsePaths(text: string): string[] | undefined {
  const paths = text.split(',').map((path) => path.trim());
  return paths.length <= maxPaths && paths.every(isNormalised) ? [...new Set(paths)] : undefined;
}

function isNormalised(path: string): boolean {
  return (
    path.length > 1 && path.split('/').every((part, at) => (at === 0 ? part === '' : !['', '.', '..'].includes(part)))
  );
}
