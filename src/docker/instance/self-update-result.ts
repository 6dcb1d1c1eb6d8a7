import * as z from 'zod';
import type { UpdateOutcome } from '../update/outcome.js';

/** How an update of the service's own container ended, as its helper tells whoever starts after it. */
export interface SelfUpdateResult {
  container: string;
  /** By what the one who asked for the update knows it. */
  reference: string;
  outcome: UpdateOutcome;
}

const resultPrefix = 'self-update result: ';

const outcomeSchema = z.union([
  z.looseObject({ status: z.literal('succeeded'), result: z.enum(['updated', 'up_to_date']) }),
  z.looseObject({
    status: z.enum(['failed', 'rolled_back', 'dropped', 'postponed']),
    error: z.looseObject({ code: z.string(), stage: z.string(), message: z.string() }),
  }),
]);
/** Of another version, the helper may know other codes and tell more. */
const resultSchema = z.looseObject({ container: z.string(), reference: z.string(), outcome: outcomeSchema });

/** The line by which a helper tells how the update ended. Holds no secret: the outcome is masked. */
export function resultLine(result: SelfUpdateResult): string {
  return `${resultPrefix}${JSON.stringify(result)}`;
}

/** The last result in a helper's output; undefined if there is none, or none that this version understands. */
export function resultIn(output: string): SelfUpdateResult | undefined {
  const line = output.split('\n').findLast((text) => text.startsWith(resultPrefix));
  if (line === undefined) return undefined;
  try {
    return resultSchema.parse(JSON.parse(line.slice(resultPrefix.length))) as unknown as SelfUpdateResult;
  } catch {
    return undefined;
  }
}
