// Lists the values that a file of src exports and no other file mentions; types may name the shapes of what it exports.
// Usage: node scripts/unused-exports.mjs
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const files = ['src', 'test', 'bench', 'scripts']
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
  .filter((path) => /\.m?ts$|\.mjs$/.test(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const words = new Map();
for (const { path, text } of files)
  for (const [word] of text.matchAll(/[\w$]+/g)) words.set(word, (words.get(word) ?? new Set()).add(path));

const exported = /^export (?:abstract |async )?(?:class|const|enum|function\*?) ([\w$]+)/gm;
const unused = files
  .filter(({ path }) => path.startsWith('src') && !path.endsWith('.spec.ts'))
  .flatMap(({ path, text }) => [...text.matchAll(exported)].map(([, name]) => ({ path, name })))
  .filter(({ path, name }) => [...words.get(name)].every((user) => user === path));
for (const { path, name } of unused) console.error(`${path}: nobody imports ${name}`);
process.exitCode = unused.length > 0 ? 1 : 0;
