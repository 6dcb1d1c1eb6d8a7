import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Text of each file, by its path. */
export type Sources = ReadonlyMap<string, string>;

/** All TypeScript and JavaScript files in these folders. */
export function sourcesOf(folders: readonly string[]): Sources {
  const files = folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)))
    .filter((file) => /\.(ts|mjs)$/.test(file));
  return new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
}
