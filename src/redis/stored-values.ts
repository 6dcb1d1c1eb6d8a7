import { Logger } from '@nestjs/common';
import type * as z from 'zod';

/** What Redis holds or brings, as the metric names it. */
export const storedKinds = ['record', 'announcement', 'event', 'job'] as const;
export type StoredKind = (typeof storedKinds)[number];

/** As many different values are logged; what comes after them is only counted. */
const maxLogged = 100;
const maxProblemLength = 300;
/** What this service writes is nested about six times. Anything much deeper could be read, and never written again. */
const maxDepth = 32;

/**
 * Reads what other processes have written to Redis. A value that does not fit its schema, because it is damaged, forged or of a newer
 * version of this service, is skipped, counted, and logged once. Nothing that stands in Redis ends a process or fails a request.
 */
export class StoredValues {
  private readonly logger = new Logger('Redis');
  private readonly logged = new Set<string>();
  private readonly counts = new Map<StoredKind, number>();

  /**
   * Answers the value that a text in JSON stands for; undefined if it does not fit.
   * @param name says which one it is, in the log
   */
  parse<T>(kind: StoredKind, name: string, text: string, schema: z.ZodType<T>): T | undefined {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's own message quotes the text.
      this.skip(kind, name, 'it is not JSON');
      return undefined;
    }
    if (isDeeperThan(value, maxDepth)) {
      this.skip(kind, name, `it is nested more than ${maxDepth} times`);
      return undefined;
    }
    const { success, data, error } = schema.safeParse(value);
    if (success) return data;
    const [issue] = error.issues;
    this.skip(kind, name, `${issue?.message ?? 'it does not fit'} at ${JSON.stringify(issue?.path ?? [])}`);
    return undefined;
  }

  /** Counts a value that was skipped, and logs it once. */
  skip(kind: StoredKind, name: string, problem: string): void {
    this.counts.set(kind, this.skipped(kind) + 1);
    const which = `${kind} ${name}`.slice(0, maxProblemLength);
    if (this.logged.has(which) || this.logged.size >= maxLogged) return;
    this.logged.add(which);
    this.logger.warn(
      `skipped a value in Redis that this version cannot read (${JSON.stringify(which)}): ${problem.slice(0, maxProblemLength)}`,
    );
  }

  /** How many were skipped; one that is read again counts again. */
  skipped(kind: StoredKind): number {
    return this.counts.get(kind) ?? 0;
  }
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}
