import { matchesAny } from '../common/name-glob.js';

/** The containers, as names and globs, that each of those who asked for a deployment may have updated. */
export type Permissions = readonly (readonly string[])[];

/** Adds those of one more who asked. Bounded by the number of different grants in the policy. */
export function addPermission(present: Permissions, containers: readonly string[]): Permissions {
  const isPresent = present.some(
    (each) => each.length === containers.length && each.every((name, index) => name === containers[index]),
  );
  return isPresent ? present : [...present, containers];
}

/**
 * Whether somebody who asked may have all of these containers updated. One caller must: what two may only together, neither
 * could have had by itself.
 */
export function permits(permissions: Permissions, names: readonly string[]): boolean {
  return permissions.some((containers) => names.every((name) => matchesAny(containers, name)));
}
