import type { DeploymentKind } from '../deployments/deployment.js';
import { maxWaitingPerCaller } from './shares.js';

/** What the order of the queue depends on. */
export interface Waiter {
  kind: DeploymentKind;
  /** Milliseconds of a clock that never jumps; 0 for one that has not been tried. */
  notBefore: number;
  /** The accounts of all who asked for it; the first one has the place. */
  askedBy: readonly string[];
  /** Whether it may end one of the other kind that waits to be tried again. */
  maySupersede: boolean;
  /** The later one that ends it. */
  overtakenBy?: string;
}

/**
 * What waits: one line for each container. The lines stand in the order of their turns, the waiters of a line in the order in which they
 * are begun. All functions here are pure: they answer new lines.
 */
export type Lines<T> = ReadonlyMap<string, readonly T[]>;

/** All that wait, the next one first: one of each container, then a second one of each that has more … */
export function inTurns<T>(lines: Lines<T>): T[] {
  const all = [...lines.values()];
  const rounds = Math.max(0, ...all.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) => all.flatMap((line) => line[round] ?? [])).flat();
}

/** The lines with this one in the place of the container's line; an empty line has no turn. */
export function withLine<T>(lines: Lines<T>, container: string, line: readonly T[]): Lines<T> {
  const changed = new Map(lines);
  if (line.length > 0) changed.set(container, line);
  else changed.delete(container);
  return changed;
}

/** The lines after a container has had its turn: it is the last one now. */
export function afterTurn<T>(lines: Lines<T>, container: string): Lines<T> {
  return withLine(withLine(lines, container, []), container, lines.get(container) ?? []);
}

/** The first one whose time has come, of the container whose turn it is. */
export function nextOf<T extends Waiter>(lines: Lines<T>, now: number): T | undefined {
  for (const line of lines.values()) {
    const next = line.find((waiter, at) => waiter.notBefore <= now && !waitsForOtherKind(line, at));
    if (next) return next;
  }
  return undefined;
}

/** How long it takes until the time of one more has come, in milliseconds; Infinity if none waits for its time. */
export function msUntilNext(lines: Lines<Waiter>, now: number): number {
  const later = [...lines.values()].flat().filter(({ notBefore }) => notBefore > now);
  return later.reduce((ms, { notBefore }) => Math.min(ms, notBefore - now), Infinity);
}

/** The line with one more: behind all, except those that were asked for after it and may not end it. They wait for it. */
export function enter<T extends Waiter>(line: readonly T[], waiter: T): readonly T[] {
  const after = waiter.notBefore === 0 ? -1 : line.findIndex(({ kind }) => kind !== waiter.kind);
  return after < 0 ? [...line, waiter] : [...line.slice(0, after), waiter, ...line.slice(after)];
}

/** The line once a request has joined one of it: what was asked for last is begun last, so it goes behind the other kind. */
export function behindOtherKind<T extends Waiter>(line: readonly T[], waiter: T): readonly T[] {
  const isBehind = line.slice(line.indexOf(waiter) + 1).every(({ kind }) => kind === waiter.kind);
  return isBehind ? line : [...line.filter((other) => other !== waiter), waiter];
}

/**
 * Whether one that was taken may wait again in the line of its container, in which all came after it was taken.
 * @returns who still asks for it; or the one that supersedes it, and why
 */
export function mayWaitAgain<T extends Waiter>(
  line: readonly T[],
  { kind, askedBy }: Pick<Waiter, 'kind' | 'askedBy'>,
): { askedBy: readonly string[] } | { supersededBy: T; reason: 'other_kind' | 'newer' } {
  const other = line.findLast((waiter) => waiter.kind !== kind && waiter.maySupersede);
  if (other) return { supersededBy: other, reason: 'other_kind' };
  const same = line.filter((waiter) => waiter.kind === kind);
  const left = askedBy.filter(
    (account) => same.filter((waiter) => waiter.askedBy.includes(account)).length < maxWaitingPerCaller,
  );
  const newest = same.at(-1);
  return newest && askedBy.length > 0 && left.length === 0
    ? { supersededBy: newest, reason: 'newer' }
    : { askedBy: left };
}

/** Whether one of the other kind that was asked for before waits to be tried again. */
function waitsForOtherKind(line: readonly Waiter[], at: number): boolean {
  return line.slice(0, at).some(({ kind, overtakenBy }) => kind !== line[at]?.kind && overtakenBy === undefined);
}
