import { wholeNumberParameter } from '../http/query.pipe.js';

const longestSeconds = 3600;

/** `?wait=`; the setting `WAIT_LIMIT` may allow less. */
export const waitSeconds = wholeNumberParameter(0, longestSeconds).optional().meta({
  description: 'How many seconds to wait for the outcome, at most `WAIT_LIMIT` (10 minutes by default).',
});

/** How long a caller wants to wait for the outcome, and by which of the two ways it said so. */
export interface Wait {
  seconds: number;
  /** A `preference` that cannot be met is answered 202, as RFC 7240 has it; `?wait=` is never answered 2xx before the end. */
  by: 'query' | 'preference';
}

/** No preference that means something is longer. The expressions below take time by the square of the length. */
const maxHeaderLength = 500;

/**
 * The `wait` of a `Prefer` header (RFC 7240 §4.3), in seconds. Of several the first counts; one that is malformed or too long is
 * ignored, as the RFC asks for.
 */
export function preferredWaitSeconds(header: string | undefined): number | undefined {
  if (header !== undefined && header.length > maxHeaderLength) return undefined;
  const preferences = (header ?? '').match(/(?:[^,"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  const waits = preferences.map((preference) => /^\s*wait\s*(?:=\s*"?([^\s";]*)"?)?\s*(?:;.*)?$/is.exec(preference));
  const first = waits.find((match) => match !== null);
  const [, value = ''] = first ?? [];
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
