import { sameList } from './lists.js';

/**
 * What the user set of a container's environment. The engine puts the user's entries first and appends those of the image
 * whose names are not among them (moby daemon/commit.go, `merge`), so that position tells them apart, and a user's entry
 * that equals the image's is still the user's. Where the order says nothing (another tool made the container), entries
 * that equal the image's count as the image's.
 */
export function userEnvironment(container: readonly string[], image: readonly string[]): string[] {
  for (let count = 0; count <= container.length; count++) {
    const user = container.slice(0, count);
    const names = new Set(user.map(variableName));
    const appended = image.filter((entry) => !names.has(variableName(entry)));
    if (sameList(container.slice(count), appended)) return user;
  }
  return container.filter((entry) => !image.includes(entry));
}

/** The name of `NAME=value`, or of a bare `NAME`, which the engine takes to unset the image's variable. */
export function variableName(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}
