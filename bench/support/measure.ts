/** One line of the table: what was measured, in which relation to what, and what it is to be at most, or at least. */
export interface Row {
  measure: string;
  baseline: string;
  /** As people read it: `≤ 1.1`. */
  toReach: string;
  /** As people read it, with the figures that it was made of. */
  reached: string;
  holds: boolean;
}

/** How thoroughly is measured. */
export interface Extent {
  quick: boolean;
  /** How often each of two things that are compared is done, in turns. */
  rounds: number;
}

export function atMost(limit: number, value: number): Pick<Row, 'toReach' | 'holds'> {
  return { toReach: `≤ ${limit}`, holds: value <= limit };
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** @param share from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

/** `1.31 (341 ms : 260 ms)` */
export function ratio(ours: number, theirs: number, unit: (value: number) => string = ms): string {
  return `**${(ours / theirs).toFixed(2)}** (${unit(ours)} : ${unit(theirs)})`;
}
