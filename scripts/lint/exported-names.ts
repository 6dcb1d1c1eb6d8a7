import type { Sources } from './sources.js';

interface Exported {
  file: string;
  kind: string;
  name: string;
}

const declaration = /^export (?:abstract |async |declare )*(class|function\*?|const|let|interface|type|enum) (\w+)/gm;

/**
 * A name says what it is, so no two things in `src/` have the same one; and what only its own file uses is not exported. A type may be
 * exported for its own sake: it belongs to what takes or gives it.
 * @param sources everything that may import from `src/`
 * @returns one line for each name that stands twice, or that nobody imports
 */
export function exportedNames(sources: Sources): string[] {
  const exported = [...sources]
    .filter(([file]) => file.startsWith('src/') && !file.endsWith('.spec.ts'))
    .flatMap(([file, text]) => exportsOf(file, text));
  const filesOf = new Map<string, Set<string>>();
  for (const { name, file } of exported) filesOf.set(name, (filesOf.get(name) ?? new Set()).add(file));
  const twice = [...filesOf]
    .filter(([, files]) => files.size > 1)
    .map(([name, files]) => `${name} is exported by ${[...files].join(' and ')}: rename one`);
  const words = [...sources].map(([file, text]) => ({ file, words: new Set(text.match(/\w+/g)) }));
  const unused = exported
    .filter(({ kind }) => kind !== 'interface' && kind !== 'type')
    .filter(({ file, name }) => !words.some((other) => other.file !== file && other.words.has(name)))
    .map(({ file, name }) => `${file} exports ${name}, which nothing imports`);
  return [...twice, ...unused];
}

function exportsOf(file: string, text: string): Exported[] {
  return [...text.matchAll(declaration)].map(([, kind = '', name = '']) => ({ file, kind, name }));
}
