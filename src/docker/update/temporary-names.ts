/**
 * The names that an update gives for a while. They hold all that a recovery needs to know: the name in question and the
 * id of the container that had it, of which the first 12 hex digits must match the parked container's own id. `kept` is
 * for good: an old container that is left beside a failed replacement, for people to decide.
 */
const pattern = /^\/?(.+)-upd-(new|stop|old|kept|self)-([0-9a-f]{12})$/;

export function replacementName(name: string, oldId: string): string {
  return `${name}-upd-new-${oldId.slice(0, 12)}`;
}

/** The replacement from the moment on in which its old container is told to stop: see stopping.ts. */
export function stoppingName(name: string, oldId: string): string {
  return `${name}-upd-stop-${oldId.slice(0, 12)}`;
}

export function parkedName(name: string, oldId: string): string {
  return `${name}-upd-old-${oldId.slice(0, 12)}`;
}

export function keptName(name: string, oldId: string): string {
  return `${name}-upd-kept-${oldId.slice(0, 12)}`;
}

/** The helper that replaces the service's own container. */
export function helperName(name: string, oldId: string): string {
  return `${name}-upd-self-${oldId.slice(0, 12)}`;
}

/** The container that shows what an image has in it: one at a time, created and never started. */
export function probeName(name: string): string {
  return `${name}-upd-probe`;
}

/** Matches helpers' names, as the engine's name filter understands it. */
export const helperNamePattern = '-upd-self-[0-9a-f]{12}$';

export interface TemporaryName {
  name: string;
  role: 'new' | 'old' | 'kept' | 'self';
  oldId12: string;
}

/** Takes a temporary name apart, with or without the leading slash; undefined where it is none. */
export function parseTemporaryName(text: string): TemporaryName | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const role = match[2] === 'stop' ? 'new' : (match[2] as TemporaryName['role']);
  return { name: match[1] ?? '', role, oldId12: match[3] ?? '' };
}
