import { posix } from 'node:path';

/** A path inside a container in the form in which mount points are compared: `/data/` and `/data` are one. */
export function normalisePath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
}
