/**
 * What the user set of a container's environment. The engine puts the user's entries first and appends those of the image
 * whose names are not among them (moby daemon/commit.go, `merge`), so that position tells them apart, and a user's entry
 * that equals the image's is still the user's. Where the order says nothing (another tool made the container), entries
 * that equal the image's count as the image's.
 */
export function userEnvironment(container: readonly string[], image: readonly string[]): string[] {
  for (let count = 0; count <= container.length; count++) {
    const user = container.slice(0, count);
    const names = new Set(user.map(nameOf));
    const appended = image.filter((entry) => !names.has(nameOf(entry)));
    if (sameList(container.slice(count), appended)) return user;
  }
  return container.filter((entry) => !image.includes(entry));
}

function nameOf(entry: string): string {
  const equals = entry.indexOf('=');
  return equals < 0 ? entry : entry.slice(0, equals);
}

export function sameList(a: readonly string[] | null | undefined, b: readonly string[] | null | undefined): boolean {
  const [left, right] = [a ?? [], b ?? []];
  return left.length === right.length && left.every((entry, index) => entry === right[index]);
}
