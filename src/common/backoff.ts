/** How long to wait after the first, second … failure in a row, in milliseconds: `firstMs`, then twice as long each time. */
export function backoffMs(count: number, { firstMs, maxMs }: { firstMs: number; maxMs: number }): number {
  return Math.min(firstMs * 2 ** (count - 1), maxMs);
}
