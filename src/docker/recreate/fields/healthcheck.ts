import { isDeepStrictEqual } from 'node:util';
import type { Healthcheck } from '../../engine/engine-types.js';

type Maybe<T> = T | null | undefined;

/**
 * The fields of the HEALTHCHECK that the user set: the engine fills those that are missing from the image, one by one.
 * Undefined where there are none.
 */
export function userHealthcheck(container: Maybe<Healthcheck>, image: Maybe<Healthcheck>): Healthcheck | undefined {
  const inherited = (image ?? {}) as Record<string, unknown>;
  const set = Object.entries(container ?? {}).filter(
    ([field, value]) => !isUnset(value) && !isDeepStrictEqual(value, inherited[field]),
  );
  return set.length === 0 ? undefined : Object.fromEntries(set);
}

/** The engine leaves zeros out, and takes them for "the image's". */
function isUnset(value: unknown): boolean {
  return value === null || value === undefined || value === 0 || (Array.isArray(value) && value.length === 0);
}
