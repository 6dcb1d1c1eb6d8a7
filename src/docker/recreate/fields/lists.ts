type List = readonly string[] | null | undefined;

/** Whether two lists have the same entries in the same order; the engine's `null` is an empty list. */
export function sameList(a: List, b: List): boolean {
  const [left, right] = [a ?? [], b ?? []];
  return left.length === right.length && left.every((entry, index) => entry === right[index]);
}
