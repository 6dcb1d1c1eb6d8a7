/**
 * What the user set of a container's environment. The engine puts the user's entries first and appends those of the image
 * whose names are not among them (moby daemon/commit.go, `merge`), so that position tells them apart, and a user's entry
 * that equals the image's is still the user's. Where the order says nothing (another tool made the container), entries
 * that equal the image's count as the image's.
 */
export function userEnvironment(container: readonly string[], image: readonly string[]): string[] {
  const imageNames = image.map(variableName);
  const perName = new Map<string, number>();
  for (const name of imageNames) perName.set(name, (perName.get(name) ?? 0) + 1);
  const areUnique = perName.size === image.length;
  const userNames = new Set<string>();
  let appended = image.length;
  /** Where the entries ceased to be the image's when they were compared last. */
  let mismatch = -1;
  for (let count = 0; count <= container.length; count++) {
    if (count > 0) {
      const name = variableName(container[count - 1] ?? '');
      if (!userNames.has(name)) appended -= perName.get(name) ?? 0;
      userNames.add(name);
    }
    // A later start meets the same mismatch; so each entry is compared once, of ten thousand too.
    if (container.length - count !== appended || (areUnique && count <= mismatch)) continue;
    let at = count;
    const differs = image.findIndex(
      (entry, index) => !userNames.has(imageNames[index] ?? '') && entry !== container[at++],
    );
    if (differs < 0) return container.slice(0, count);
    mismatch = at - 1;
  }
  const given = new Set(image);
  return container.filter((entry) => !given.has(entry));
}

/** The name of `NAME=value`, or of a bare `NAME`, which the engine takes to unset the image's variable. */
export function variableName(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}
