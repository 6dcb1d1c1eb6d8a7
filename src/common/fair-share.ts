/**
 * Whether there is a place for one more, where several callers share a fixed number of places. A caller that is limited leaves as many
 * places free as it has: alone it gets half of them, beside another one a third, and there is always one for a caller that has none. Pure.
 */
export function hasPlace(
  { total, own, size }: { total: number; own: number; size: number },
  isLimited: boolean,
): boolean {
  return total < size && (!isLimited || own < size - total);
}
