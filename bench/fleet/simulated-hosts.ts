/** How many containers a host has to itself, and how many every host has. */
const own = 16;
const shared = 4;

export function hostName(index: number): string {
  return `host-${String(index).padStart(6, '0')}`;
}

/** The nth container of those that one host alone has. */
export function ownContainer(host: string, index: number): string {
  return `app-${host}-${index % own}`;
}

/** The nth container of those that every host has. */
export function sharedContainer(index: number): string {
  return `shared-${index % shared}`;
}

/** What a host announces: 20 containers, and the repositories of their images. */
export function containersOf(host: string): Record<string, string> {
  const repositoryOf = (name: string): [string, string] => [name, `registry.example/team/${name}`];
  return Object.fromEntries([
    ...Array.from({ length: own }, (_, index) => repositoryOf(ownContainer(host, index))),
    ...Array.from({ length: shared }, (_, index) => repositoryOf(sharedContainer(index))),
  ]);
}
