/**
 * Whether a hostname is the short id of a container, which the engine gives where none is asked for. One that is not the container's own
 * is that of an earlier container, frozen by an updater that copied it. Digits alone may be anybody's number.
 */
export function isShortId(hostname: string): boolean {
  return /^[0-9a-f]{12}$/.test(hostname) && /[a-f]/.test(hostname);
}
