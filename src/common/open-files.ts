import { readFileSync } from 'node:fs';

/** What the service needs beside its callers: for the engine, registries, Redis and files. */
const ownFiles = 128;

/**
 * How many connections fit, as each takes an open file of the process: beyond it not even the engine could be reached.
 * @param limits the content of `/proc/self/limits`
 */
export function affordableConnections(wanted: number, limits = ownLimits()): number {
  const openFiles = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  return Math.min(wanted, Math.max(10, openFiles - ownFiles));
}

function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
