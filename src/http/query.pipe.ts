import type { PipeTransform } from '@nestjs/common';
import * as z from 'zod';
import { Problem } from './problem.js';

/** A query parameter that is a whole number, written in digits. */
export function wholeNumberParameter(minimum: number, maximum: number) {
  const rule = `must be a whole number from ${minimum} to ${maximum}`;
  return z.preprocess(
    (text) => (typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : text),
    z.int(rule).min(minimum, rule).max(maximum, rule),
  );
}

/**
 * Checks the query of a request against a schema. Parameters that the schema does not know are refused: whoever misspells
 * `wait` must not take the 202 for an outcome.
 */
export class QueryPipe<Schema extends z.ZodObject> implements PipeTransform<unknown, z.output<Schema>> {
  private readonly schema: z.ZodType<z.output<Schema>>;

  constructor(schema: Schema) {
    this.schema = schema.strict() as unknown as z.ZodType<z.output<Schema>>;
  }

  /** @throws Problem 400 `invalid_query` that names each parameter with its rule */
  transform(query: unknown): z.output<Schema> {
    // Express makes the object without a prototype, which zod takes for no plain object.
    const parsed = this.schema.safeParse({ ...(query as object) });
    if (parsed.success) return parsed.data;
    throw invalidQuery(parsed.error.issues.map(describe).join('; '));
  }
}

export function invalidQuery(rules: string): Problem {
  return new Problem(400, 'invalid_query', `The query is wrong: ${rules}.`);
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `there is no parameter ${issue.keys.map((key) => `"${key.slice(0, 50)}"`).join(', ')}`;
  return `${issue.path.join('.')} ${issue.message}`;
}
