import { isDeepStrictEqual } from 'node:util';

/**
 * A value as far as it says anything: the engine writes `null`, an empty text, list or object, zero or false for what
 * nobody set, and which of them depends on its version.
 */
export function meaning(value: unknown): unknown {
  if (value === null || value === '' || value === 0 || value === false) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(meaning);
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .map(([key, inner]): [string, unknown] => [key, meaning(inner)])
    .filter(([, inner]) => inner !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

export function isSet(value: unknown): boolean {
  return meaning(value) !== undefined;
}

/** Whether two values say the same, whatever the order of their fields. */
export function means(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(meaning(a), meaning(b));
}

type Entries = object | null | undefined;

/** The names of the entries that are not the image's and that are missing, or different, afterwards. */
export function lostEntries(before: Entries, image: Entries, after: Entries): string[] {
  const has = (entries: Entries, [name, value]: [string, unknown]): boolean =>
    Object.hasOwn(entries ?? {}, name) && means(value, (entries as Record<string, unknown>)[name]);
  return Object.entries(before ?? {})
    .filter((entry: [string, unknown]) => !has(image, entry) && !has(after, entry))
    .map(([name]) => name);
}
